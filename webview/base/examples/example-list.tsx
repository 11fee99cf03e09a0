/** Examples with what each costs: pictures as tiles, vectors as rows. */
import type { ModelSummary } from '../../../src/protocol/model';
import type { NdArray } from '../../../src/protocol/tensors';
import { item, pixelRange } from '../canvas/planes';
import { words } from '../words';
import { Rows } from './rows';
import { Tiles } from './tiles';

export interface ListedExample {
  /** Its number in the data that it comes from. */
  index: number;
  /** What it costs, as it is written. */
  cost: string;
  longName: string;
  pressed: boolean;
  disabled?: boolean;
}

export interface ExampleListProps {
  model: ModelSummary;
  /** [n, …] in data units. */
  values: NdArray<Float32Array>;
  unit: string;
  examples: readonly ListedExample[];
  onPick(index: number): void;
}

export function ExampleList({ model, values, unit, examples, onPick }: ExampleListProps) {
  if (model.kind === 'image')
    return (
      <>
        <Tiles
          label={words.examples}
          name="example"
          range={pixelRange(model)}
          tiles={examples.map(({ index, cost, longName, pressed, disabled }, i) => ({
            key: index,
            label: longName,
            caption: cost,
            picture: item(values, i),
            pressed,
            disabled,
          }))}
          onPick={(i) => onPick(examples[i]!.index)}
        />
        <p class="tick">{unit}</p>
      </>
    );
  return (
    <Rows
      model={model}
      label={words.examples}
      values={values}
      count={examples.length}
      name={(row) => String(examples[row]!.index)}
      longName={(row) => examples[row]!.longName}
      lead={[{ head: unit, num: (row) => examples[row]!.cost }]}
      selected={(row) => examples[row]!.pressed}
      disabled={(row) => examples[row]!.disabled ?? false}
      onPick={(row) => onPick(examples[row]!.index)}
    />
  );
}
