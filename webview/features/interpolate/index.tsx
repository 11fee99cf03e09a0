/** The manifold that four examples span, by the two angles of the paper. */
import type { ManifoldQuery, ManifoldView } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { type RegionFeature, type Store, stateOf, latest, ask } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { Segmented } from '../../base/controls/segmented';
import { Slider } from '../../base/controls/slider';
import { Dropdown } from '../../base/controls/toolkit';
import { flat, item, pixelRange } from '../../base/canvas/planes';
import { fixed } from '../../base/format/numbers';
import { useStore, useFeature, AnswerView } from '../../base/store/use-store';
import { Picked, WhereFinite } from '../../base/examples/controls';
import { ExampleList } from '../../base/examples/example-list';
import { SourceControls, sourceName, sourceText } from '../../base/examples/sources';
import { Tiles, TilesSkeleton } from '../../base/examples/tiles';
import { cornersState } from '../../base/examples/corners-state';
import { text } from './text';
import { ManifoldLine, ManifoldPlane } from './manifold-plane';
import './style.css';
import { signal } from '@preact/signals';

const interpolateState = stateOf((store) => {
  const { grid } = store.state(cornersState);
  /** Which of the four examples the controls change. */
  const slot = signal(0);
  /** The picked point of the manifold, row · angles + column. */
  const point = signal(0);
  return {
    slot,
    point,
    manifold: ask(store.context, 'manifold', () => (store.shows('interpolate') ? grid.value : null)),
    reset() {
      slot.value = 0;
      point.value = 0;
    },
  };
});

function manifoldNumbers(store: Store): ViewData {
  const view = store.state(interpolateState).manifold.found.value;
  if (!view) return {};
  const { angles, values, corners, norms } = view;
  const n = angles.length;
  return {
    columns: [
      {
        name: 'phi',
        unit: 'rad',
        values: Array.from({ length: n * n }, (_, i) => angles[Math.floor(i / n)]),
      },
      { name: 'phi_prime', unit: 'rad', values: Array.from({ length: n * n }, (_, i) => angles[i % n]) },
      { name: 'norm', values: norms.data },
      ...valuesOf(values, 2),
    ],
    arrays: { values, corners, norms, angles: vector(angles) },
  };
}

export const interpolate: RegionFeature = {
  id: 'interpolate',
  region: 'gallery',
  asks: 'manifold',
  title: () => text.interpolate,
  state: interpolateState,
  View: Interpolate,
  numbers: manifoldNumbers,
};

function Interpolate({ model }: { model: ModelSummary }) {
  const { grid } = useFeature(cornersState);
  const { manifold, slot } = useFeature(interpolateState);
  const { angles } = grid.value;
  const image = model.kind === 'image';
  return (
    <>
      {image ? (
        <div class="corners-row">
          <CornerTiles model={model} />
          <GridControls model={model} />
        </div>
      ) : (
        <SlotChoice />
      )}
      <SourceControls model={model} slot={slot.value} name={sourceName(slot.value)} />
      {image ? null : <GridControls model={model} />}
      <AnswerView
        question={manifold}
        skeleton={image ? <TilesSkeleton count={angles ** 2} columns={angles} /> : undefined}
      >
        {(view) => (
          <>
            <WhereFinite values={flat(view.values)}>
              {() =>
                isPlane(model) ? (
                  <PlanePoints model={model} view={view} />
                ) : (
                  <ManifoldList model={model} view={view} />
                )
              }
            </WhereFinite>
            <PickedPoint view={view} />
            <p class="tick">
              {`${image ? `${text.formula}; ${text.acrossDown}` : text.formula}. ${text.angles}`}
            </p>
          </>
        )}
      </AnswerView>
    </>
  );
}

const degrees = (angle: number): string => text.degrees((180 * angle) / Math.PI);

/** They stay where they are while the grid below is computed. */
function CornerTiles({ model }: { model: ModelSummary }) {
  const { grid } = useFeature(cornersState);
  const { manifold, slot } = useFeature(interpolateState);
  const answer = manifold.answer.value;
  const view = latest(answer);
  if (!view)
    return (
      <div class="corners">
        <TilesSkeleton count={4} columns={4} />
      </div>
    );
  return (
    <div class={`corners ${answer.status === 'ready' ? '' : 'stale'}`}>
      <Tiles
        label={text.fourExamples}
        name="corner"
        range={pixelRange(model)}
        columns={4}
        tiles={grid.value.corners.map((corner, k) => ({
          key: k,
          label: `${sourceName(k)}, ${sourceText(corner)}`,
          caption: sourceName(k),
          picture: item(view.corners, k),
          pressed: k === slot.value,
        }))}
        onPick={(k) => (slot.value = k)}
      />
    </div>
  );
}

/** Which of the four examples is changed, where there are no pictures to press. */
function SlotChoice() {
  const { grid } = useFeature(cornersState);
  const { slot } = useFeature(interpolateState);
  return (
    <div class="ctl">
      <Segmented
        label={text.fourExamples}
        value={String(slot.value)}
        options={grid.value.corners.map((_, k) => ({ value: String(k), text: sourceName(k) }))}
        onChange={(value) => (slot.value = Number(value))}
      />
    </div>
  );
}

function GridControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { grid } = store.state(cornersState);
  const { point } = store.state(interpolateState);
  const change = (next: Partial<ManifoldQuery>): void => {
    grid.value = { ...grid.value, ...next };
    point.value = 0;
  };
  const sizes = isPlane(model) ? [8, 16, 32, 48] : [4, 5, 6, 8, 12];
  const all = [...new Set([...sizes, grid.value.angles])].sort((a, b) => a - b);
  return (
    <div class="ctl grid-controls">
      <Segmented
        label={text.angleRange}
        value={grid.value.range}
        options={[
          { value: 'circle' as const, text: text.circle, disabled: store.isSaved },
          { value: 'quarter' as const, text: text.quarter, disabled: store.isSaved },
        ]}
        onChange={(range) => change({ range })}
      />
      <Dropdown
        label={text.angleCount}
        value={String(grid.value.angles)}
        disabled={store.isSaved}
        options={all.map((n) => ({ value: String(n), text: `${n}×${n}` }))}
        onChange={(value) => change({ angles: Number(value) })}
      />
    </div>
  );
}

/** One is picked by pressing it. */
function ManifoldList({ model, view }: { model: ModelSummary; view: ManifoldView }) {
  const { point } = useFeature(interpolateState);
  const { angles } = view;
  const n = angles.length;
  const phi = (i: number): string => degrees(angles[Math.floor(i / n)]!);
  const prime = (i: number): string => degrees(angles[i % n]!);
  return (
    <ExampleList
      {...{ model, values: flat(view.values) }}
      label={text.manifold}
      canvas="manifold"
      class="tight"
      columns={n}
      lead={[
        { head: 'φ', num: phi },
        { head: 'φ′', num: prime },
      ]}
      examples={Array.from({ length: n * n }, (_, i) => ({
        name: String(i + 1),
        longName: (model.kind === 'image' ? '' : `${i + 1}: `) + text.point(phi(i), prime(i)),
        pressed: i === point.value,
      }))}
      onPick={(i) => (point.value = i)}
    />
  );
}

/** Two sliders pick the point, since a plane has no cells to press. */
function PlanePoints({ model, view }: { model: ModelSummary; view: ManifoldView }) {
  const { point } = useFeature(interpolateState);
  const n = view.angles.length;
  const row = Math.floor(point.value / n);
  const column = point.value % n;
  return (
    <>
      <ManifoldPlane model={model} view={view} picked={point.value} />
      {(
        [
          ['φ', row, (at: number) => at * n + column],
          ['φ′', column, (at: number) => row * n + at],
        ] as const
      ).map(([name, at, to]) => (
        <div class="ctl" key={name}>
          <span class="slot">{name}</span>
          <ManifoldLine name={name} />
          <Slider
            label={text.angleSlider(name)}
            max={n - 1}
            value={at}
            valueText={degrees(view.angles[at] ?? 0)}
            onInput={(value) => (point.value = to(value))}
          />
          <span class="num">{degrees(view.angles[at] ?? 0)}</span>
        </div>
      ))}
    </>
  );
}

function PickedPoint({ view }: { view: ManifoldView }) {
  const { grid } = useFeature(cornersState);
  const { point } = useFeature(interpolateState);
  const { angles, norms } = view;
  const n = angles.length;
  const at = Math.min(point.value, n * n - 1);
  const phi = angles[Math.floor(at / n)]!;
  const phiPrime = angles[at % n]!;
  return (
    <Picked
      label={text.pointLength(degrees(phi), degrees(phiPrime), fixed(norms.data[at], 2))}
      example={{ kind: 'manifold', corners: grid.value.corners, phi, phiPrime }}
    />
  );
}
