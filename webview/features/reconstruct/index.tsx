/** What the coarse scales hold: their latents are kept, and latents that left early are drawn again. */
import type { Reconstructions } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { scaleCount, defaultFresh } from '../../../src/protocol/questions';
import { type RegionFeature, type Store, stateOf, ask } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { flat, item, pixelRange } from '../../base/canvas/planes';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { Picked, SeedControls, Temperature, WhereFinite } from '../../base/examples/controls';
import { SourceControls, sourceText } from '../../base/examples/sources';
import { Tiles, TilesSkeleton } from '../../base/examples/tiles';
import { cornersState } from '../../base/examples/corners-state';
import { text } from './text';
import { signal } from '@preact/signals';
import type { FreshLatents } from '../../../src/protocol/selection';

const reconstructState = stateOf((store) => {
  const { grid } = store.state(cornersState);
  const fresh = signal(defaultFresh);
  /** The picked reconstruction, row · scales + column. */
  const reconstruction = signal(0);
  return {
    fresh,
    reconstruction,
    reconstructions: ask(store.context, 'reconstruct', () =>
      store.shows('reconstruct') && scaleCount(store.model.value!) > 1
        ? { examples: grid.value.corners, ...fresh.value }
        : null,
    ),
    kept: fresh,
    reset(_, kept) {
      fresh.value = (kept as FreshLatents | undefined) ?? defaultFresh;
      reconstruction.value = 0;
    },
  };
}, 'fresh');

function reconstructionNumbers(store: Store): ViewData {
  const view = store.state(reconstructState).reconstructions.found.value;
  if (!view) return {};
  const { originals, values, kept } = view;
  const columns = kept.length;
  const count = values.shape[0]! * columns;
  return {
    columns: [
      { name: 'example', values: Array.from({ length: count }, (_, i) => Math.floor(i / columns)) },
      { name: 'kept', unit: 'latents', values: Array.from({ length: count }, (_, i) => kept[i % columns]) },
      ...valuesOf(values, 2),
    ],
    arrays: { originals, values, kept: vector(kept) },
  };
}

export const reconstruct: RegionFeature = {
  id: 'reconstruct',
  region: 'gallery',
  asks: 'reconstruct',
  title: () => text.reconstruct,
  // Vectors have one scale, always.
  applies: ({ kind }) => kind === 'image',
  state: reconstructState,
  View: Reconstruct,
  numbers: reconstructionNumbers,
};

function Reconstruct({ model }: { model: ModelSummary }) {
  const { reconstructions, reconstruction } = useFeature(reconstructState);
  const scales = scaleCount(model);
  if (scales < 2) return <Message title={text.oneScale} why={text.oneScaleWhy} />;
  const row = Math.floor(reconstruction.value / scales);
  return (
    <>
      <FreshControls />
      <SourceControls model={model} slot={row} name={String(row + 1)} />
      <AnswerView
        question={reconstructions}
        skeleton={<TilesSkeleton count={4 * (scales + 1)} columns={scales + 1} class="sized-tiles" />}
      >
        {(view) => (
          <WhereFinite values={flat(view.values)}>{() => <Columns model={model} view={view} />}</WhereFinite>
        )}
      </AnswerView>
    </>
  );
}

function FreshControls() {
  const store = useStore();
  const { fresh } = store.state(reconstructState);
  const { seed, temperature } = fresh.value;
  return (
    <>
      <Temperature
        value={temperature}
        disabled={store.isSaved}
        onChange={(value) => (fresh.value = { seed, temperature: value })}
      />
      <SeedControls
        seed={seed}
        disabled={store.isSaved}
        action={text.drawAgain}
        onChange={(value) => (fresh.value = { seed: value, temperature })}
      />
    </>
  );
}

function Columns({ model, view }: { model: ModelSummary; view: Reconstructions }) {
  const { grid } = useFeature(cornersState);
  const { reconstruction, fresh } = useFeature(reconstructState);
  const rows = view.originals.shape[0]!;
  const scales = view.kept.length;
  const all = flat(view.values);
  const share = (column: number): string =>
    String(Math.round((1000 * view.kept[column]!) / view.kept[0]!) / 10);
  const picked = Math.min(reconstruction.value, rows * scales - 1);
  const [pickedRow, pickedColumn] = [Math.floor(picked / scales), picked % scales];
  const { corners } = grid.value;
  const tiles = corners.flatMap((corner, row) => [
    {
      key: `${row}`,
      label: `${text.originalItem(row + 1)}: ${sourceText(corner)}`,
      picture: item(view.originals, row),
      pressed: false,
    },
    ...Array.from(view.kept, (_, column) => ({
      key: `${row} ${column}`,
      label: text.reconstructionItem(row + 1, text.keptShare(share(column))),
      picture: item(all, row * scales + column),
      pressed: row === pickedRow && column === pickedColumn,
    })),
  ]);
  return (
    <>
      <p class="thumbs sized-tiles column-heads tick" style={{ '--n': scales + 1 }}>
        <span>{text.original}</span>
        {view.kept.map((_, column) => (
          <span key={column}>{text.keptShare(share(column))}</span>
        ))}
      </p>
      <Tiles
        label={text.reconstructions}
        name="reconstruction"
        class="sized-tiles"
        range={pixelRange(model)}
        columns={scales + 1}
        tiles={tiles}
        onPick={(i) => {
          const row = Math.floor(i / (scales + 1));
          const column = (i % (scales + 1)) - 1;
          // An original stands for its row.
          reconstruction.value = row * scales + (column < 0 ? pickedColumn : column);
        }}
      />
      <Picked
        label={text.reconstructionItem(pickedRow + 1, text.keptShare(share(pickedColumn)))}
        example={{
          kind: 'reconstruction',
          example: corners[pickedRow]!,
          row: pickedRow,
          column: pickedColumn,
          ...fresh.value,
        }}
      />
      <p class="tick">{text.keptNote}</p>
    </>
  );
}
