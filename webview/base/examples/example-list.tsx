/** Examples to choose from: pictures as tiles, vectors as rows. */
import type { ModelSummary } from '../../../src/protocol/model';
import type { NdArray } from '../../../src/protocol/tensors';
import { item, pixelRange } from '../canvas/planes';
import { Rows, type RowsProps } from './rows';
import { Tiles, type Tile, type TilesProps } from './tiles';

interface ListedExample extends Pick<Tile, 'pressed' | 'disabled' | 'caption' | 'note'> {
  /** In a table; tells examples apart. */
  name: string;
  longName: string;
}

export interface ExampleListProps
  extends Pick<TilesProps, 'label' | 'columns' | 'class' | 'onPick'>, Pick<RowsProps, 'lead'> {
  model: ModelSummary;
  /** Name of the canvases, for tests. */
  canvas: string;
  /** [n, …] in data units. */
  values: NdArray<Float32Array>;
  examples: readonly ListedExample[];
}

export function ExampleList({ model, canvas, values, examples, columns, lead, ...list }: ExampleListProps) {
  if (model.kind === 'image')
    return (
      <Tiles
        {...list}
        {...{ name: canvas, columns }}
        range={pixelRange(model)}
        tiles={examples.map(({ name, longName, ...example }, i) => ({
          ...example,
          key: name,
          label: longName,
          picture: item(values, i),
        }))}
      />
    );
  return (
    <Rows
      {...{ model, values, lead }}
      label={list.label}
      count={examples.length}
      name={(row) => examples[row]!.name}
      longName={(row) => examples[row]!.longName}
      selected={(row) => examples[row]!.pressed}
      disabled={(row) => examples[row]!.disabled ?? false}
      onPick={list.onPick}
    />
  );
}
