/** What the model believes in: samples, and one sample's way from z to x. */
import { isPlane } from '../../../src/protocol/questions';
import type { PlaneView, SampleGrid } from '../../../src/protocol/inspect';
import type { SampleQuery } from '../../../src/protocol/selection';
import type { ModelSummary } from '../../../src/protocol/model';
import type { RegionFeature, Store } from '../../base/store/store';
import { words } from '../../base/words';
import { planeView, planeIsLong } from '../../base/store/plane-view';
import type { FloatArray } from '../../base/view-data/npy';
import { rowsOf, type ViewData } from '../../base/view-data/view-data';
import { Sized } from '../../base/size/sized';
import { Dropdown } from '../../base/controls/toolkit';
import { magnitudeScale, Legend } from '../../base/canvas/color-maps';
import { finiteExtent } from '../../base/canvas/planes';
import { fixed } from '../../base/format/numbers';
import { drawPoints, nearestPoint, PointsThumbnail, type PlaneFrame } from '../../base/canvas/points';
import { useStore, AnswerView } from '../../base/store/use-store';
import { axesOf } from '../../base/layers/plane-axes';
import { Board, HeatMap } from '../../base/canvas/canvas';
import { Picked, Temperature, WhereFinite, SeedControls } from '../../base/examples/controls';
import { ExampleList } from '../../base/examples/example-list';
import { TilesSkeleton } from '../../base/examples/tiles';
import { Heading } from '../../base/controls/heading';
import { samplesState } from './state';
import { text } from './text';
import { ByScale, Truncation } from './by-scale';
import { MorphWay } from './way';
import './style.css';

function sampleNumbers(store: Store): ViewData {
  const plane = store.state(planeView).found.value;
  const values =
    store.state(samplesState).samples.found.value?.values ??
    (plane && firstOf(plane.samples, store.samplesQuery.value.count));
  return values
    ? {
        columns: rowsOf('sample', values, 1),
        arrays: { samples: values, ...(plane ? { density: plane.density } : {}) },
      }
    : {};
}

/** As many as the view shows. */
function firstOf({ shape: [total = 0, ...event], data }: FloatArray, count: number): FloatArray {
  const n = Math.min(count, total);
  return { shape: [n, ...event], data: data.subarray(0, (data.length / Math.max(1, total)) * n) };
}

export const samples: RegionFeature = {
  id: 'samples',
  region: 'gallery',
  asks: 'samples',
  title: () => words.samples,
  state: samplesState,
  View: ({ model }) => (isPlane(model) ? <PlaneSamples model={model} /> : <Samples model={model} />),
  panel: 'samples-panel flex-column',
  numbers: sampleNumbers,
};

function SampleControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const query = store.samplesQuery.value;
  const fixedChoice = store.fixed.value;
  const question = isPlane(model) ? store.state(planeView) : store.state(samplesState).samples;
  const change = (next: Partial<SampleQuery>): void => {
    store.samplesQuery.value = { ...query, ...next };
    store.state(samplesState).morphStep.value = undefined;
  };
  // What made these samples was another program's choice.
  if (model.recording && !model.recording.running) return null;
  const sizes =
    model.kind === 'image' ? [9, 16, 25, 36, 64] : isPlane(model) ? [200, 500, 2000] : [8, 16, 64];
  return (
    <>
      <Temperature
        value={query.temperature}
        disabled={fixedChoice}
        onChange={(temperature) => change({ temperature })}
        busy={question.answer.value.status === 'loading'}
      />
      <Truncation query={query} disabled={fixedChoice} onChange={change} />
      <ByScale model={model} query={query} disabled={fixedChoice} onChange={change} />
      <SeedControls
        seed={query.seed}
        disabled={fixedChoice}
        action={text.sample}
        onChange={(seed) => change({ seed })}
      >
        <Dropdown
          label={text.gridSize}
          value={String(query.count)}
          disabled={fixedChoice}
          options={[...new Set([...sizes, query.count])].map((n) => ({
            value: String(n),
            text:
              model.kind === 'image' && Number.isInteger(Math.sqrt(n))
                ? `${Math.sqrt(n)}×${Math.sqrt(n)}`
                : String(n),
          }))}
          onChange={(value) => change({ count: Number(value) })}
        />
      </SeedControls>
    </>
  );
}

function Samples({ model }: { model: ModelSummary }) {
  const store = useStore();
  const count = store.samplesQuery.value.count;
  return (
    <>
      <SampleControls model={model} />
      <AnswerView
        question={store.state(samplesState).samples}
        longBecause={model.origin?.searched === 'x' ? words.searching(count) : undefined}
        skeleton={
          <div class="sheet">
            <TilesSkeleton count={Math.min(25, count)} columns={Math.ceil(Math.sqrt(Math.min(25, count)))} />
          </div>
        }
      >
        {(grid) => (
          <WhereFinite values={grid.values}>{() => <SampleList model={model} grid={grid} />}</WhereFinite>
        )}
      </AnswerView>
    </>
  );
}

function SampleList({ model, grid: { values } }: { model: ModelSummary; grid: SampleGrid }) {
  const store = useStore();
  const { morph, morphStep } = store.state(samplesState);
  const image = model.kind === 'image';
  const n = values.shape[0]!;
  const picked = Math.min(store.pickedSample.value, n - 1);
  const list = (
    <ExampleList
      {...{ model, values }}
      label={words.samples}
      canvas="sample"
      columns={Math.ceil(Math.sqrt(n))}
      examples={Array.from({ length: image ? n : Math.min(n, 64) }, (_, i) => ({
        name: String(i + 1),
        longName: text.sampleItem(i + 1),
        pressed: i === picked,
      }))}
      onPick={(i) => {
        store.pickedSample.value = i;
        morphStep.value = undefined;
      }}
    />
  );
  return (
    <>
      {values.shape[1] === 2 && !image ? (
        <PointsThumbnail points={values} size={240} axes={axesOf(model)} />
      ) : null}
      {image ? <div class="sheet">{list}</div> : list}
      <Picked
        label={(image ? text.zToX : text.sampleItem)(picked + 1)}
        example={{ kind: 'sample', ...store.samplesQuery.value, index: picked }}
      />
      {image ? (
        <div class="way-slot">
          <AnswerView question={morph} skeleton={<div class="skeleton" style={{ height: '48px' }} />}>
            {(way) => <MorphWay model={model} morph={way} />}
          </AnswerView>
        </div>
      ) : null}
    </>
  );
}

/** Density and samples of a two-dimensional flow, over the same part of the plane. */
function PlaneSamples({ model }: { model: ModelSummary }) {
  const store = useStore();
  return (
    <>
      <SampleControls model={model} />
      <AnswerView question={store.state(planeView)} longBecause={planeIsLong(model)}>
        {(view) => <DensityAndSamples model={model} view={view} />}
      </AnswerView>
    </>
  );
}

function DensityAndSamples({ model, view }: { model: ModelSummary; view: PlaneView }) {
  const store = useStore();
  const high = finiteExtent(view.density.data)?.high ?? 1;
  const scale = () => magnitudeScale(high);
  const pixels = view.density.shape[1]!;
  const query = store.samplesQuery.value;
  const samples = query.count;
  const pick = (event: MouseEvent, frame: PlaneFrame): void => {
    if (store.isSaved) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const place = [event.clientX - box.left, event.clientY - box.top] as const;
    const index = nearestPoint(view.samples, frame, place, Math.min(samples, view.samples.shape[0]!));
    if (index === undefined) return;
    store.probe.value = { kind: 'example', example: { kind: 'sample', ...query, index } };
    store.tabs.layer.value = 'plane';
  };
  return (
    <div class="two-planes">
      <div class="flex-column">
        <Heading
          class="ends"
          title={words.density}
          note={model.context ? text.conditionalDensityNote : text.densityNote}
        />
        <Sized>
          {(width, height) => (
            <HeatMap
              plane={{ width: pixels, height: view.density.shape[0]!, values: view.density.data }}
              scale={scale}
              size={Math.min(width, height)}
              label={words.density}
              name="density"
            />
          )}
        </Sized>
        <Legend scale={scale} />
      </div>
      <div class="flex-column">
        <Heading
          class="ends"
          title={words.samples}
          note={words.samplesNote(
            Math.min(samples, view.samples.shape[0]!),
            fixed(query.temperature, 2),
            query.seed,
          )}
        />
        <Sized>
          {(width, height) => {
            const frame = { size: Math.min(width, height), x: view.bounds.x, y: view.bounds.y };
            return (
              <div class="pickable" onClick={(event) => pick(event, frame)}>
                <Board
                  width={frame.size}
                  height={frame.size}
                  name="samples"
                  label={words.samples}
                  draw={(context) => {
                    drawPoints(context, frame, view.samples, 1.2, undefined, samples);
                    axesOf(model)(context, frame);
                  }}
                />
              </div>
            );
          }}
        </Sized>
      </div>
    </div>
  );
}
