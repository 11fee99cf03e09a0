/** What the model believes in: samples, and one sample's way from z to x. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Morph, SampleGrid, SampleQuery } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { isPlane } from '../../src/protocol/questions';
import { Sized } from '../charts/sized';
import { Slider } from '../controls/slider';
import { Button, Dropdown, TextField } from '../controls/toolkit';
import { magnitudeScale } from '../draw/colour-maps';
import { finiteExtent, item } from '../draw/planes';
import { fixed } from '../format/numbers';
import { drawPoints } from '../layer/points';
import { planeAxes } from '../layer/plane-tab';
import { useStore } from '../state/use-store';
import { featureName } from '../strip/layer-names';
import { OutputThumbnail } from '../strip/thumbnails';
import { text } from '../strings';
import { Board, HeatMap, Picture } from '../views/canvas';
import { Legend } from '../views/legend';
import { Asked, Message } from '../views/state-box';
import type { PlaneView } from '../../src/protocol/inspect';

export function SampleControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const query = store.samplesQuery.value;
  const draft = useSignal(query.temperature);
  const seedDraft = useSignal(String(query.seed));
  useEffect(() => {
    draft.value = query.temperature;
    seedDraft.value = String(query.seed);
  }, [query]);
  const fixedChoice = store.connection.choices !== undefined;
  const change = (next: Partial<SampleQuery>): void => {
    store.samplesQuery.value = { ...query, ...next };
    store.morphStep.value = undefined;
  };
  const seed = Number(seedDraft.value);
  const seedOk = Number.isInteger(seed) && seed >= 0 && seedDraft.value.trim() !== '';
  const sizes =
    model.kind === 'image' ? [9, 16, 25, 36, 64] : isPlane(model) ? [200, 500, 2000] : [8, 16, 64];
  return (
    <>
      <div class="ctl">
        <span>{text.temperature}</span>
        <Slider
          label={text.temperature}
          min={0}
          max={1.5}
          step={0.05}
          value={draft.value}
          valueText={fixed(draft.value, 2)}
          disabled={fixedChoice}
          onInput={(value) => (draft.value = value)}
          onChange={(value) => change({ temperature: value })}
        />
        <span class="num">{fixed(draft.value, 2)}</span>
      </div>
      <div class="ctl">
        <span>{text.seed}</span>
        <TextField
          label={text.seed}
          value={seedDraft.value}
          size={4}
          disabled={fixedChoice}
          invalid={!seedOk}
          onInput={(value) => (seedDraft.value = value)}
          onCommit={(value) => {
            const number = Number(value);
            if (Number.isInteger(number) && number >= 0 && value.trim() !== '' && number !== query.seed)
              change({ seed: number });
          }}
        />
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
        <span class="spring" />
        {fixedChoice ? null : (
          <Button
            primary
            onClick={() => change({ seed: query.seed + 1 })}
            label={`${text.sample}: ${text.seed} + 1`}
          >
            {text.sample}
          </Button>
        )}
      </div>
    </>
  );
}

function GridSkeleton({ n }: { n: number }) {
  const columns = Math.ceil(Math.sqrt(n));
  return (
    <div class="thumbs" style={{ '--n': columns }}>
      {Array.from({ length: n }, (_, i) => (
        <div key={i} class="skeleton pulse" style={{ aspectRatio: '1' }} />
      ))}
    </div>
  );
}

export function Samples({ model }: { model: ModelSummary }) {
  const store = useStore();
  const count = store.samplesQuery.value.count;
  return (
    <>
      <SampleControls model={model} />
      <Asked question={store.samples} skeleton={<GridSkeleton n={Math.min(25, count)} />}>
        {(grid) =>
          model.kind === 'image' ? (
            <ImageSamples model={model} grid={grid} />
          ) : (
            <VectorSamples model={model} grid={grid} />
          )
        }
      </Asked>
    </>
  );
}

function nonFiniteCount(grid: SampleGrid): number {
  const n = grid.values.shape[0]!;
  let bad = 0;
  for (let i = 0; i < n; i++) if (!item(grid.values, i).data.every(Number.isFinite)) bad++;
  return bad;
}

function BadSamples({ bad, n }: { bad: number; n: number }) {
  return <Message title={text.notFiniteSamples(bad, n)} why={text.notFiniteSamplesWhy} bad />;
}

function ImageSamples({ model, grid }: { model: ModelSummary; grid: SampleGrid }) {
  const store = useStore();
  const n = grid.values.shape[0]!;
  const bad = nonFiniteCount(grid);
  if (bad === n) return <BadSamples bad={bad} n={n} />;
  const picked = Math.min(store.pickedSample.value, n - 1);
  return (
    <>
      <div class="thumbs" style={{ '--n': Math.ceil(Math.sqrt(n)) }}>
        {Array.from({ length: n }, (_, i) => (
          <button
            key={i}
            type="button"
            aria-pressed={i === picked}
            aria-label={text.sampleItem(i + 1)}
            onClick={() => {
              store.pickedSample.value = i;
              store.morphStep.value = undefined;
            }}
          >
            <Picture picture={item(grid.values, i)} levels={model.levels ?? 256} name="sample" />
          </button>
        ))}
      </div>
      {bad > 0 ? <p class="bad">{text.notFiniteSamples(bad, n)}</p> : null}
      <div class="ctl" style={{ marginTop: '8px' }}>
        <span>{text.zToX(picked + 1)}</span>
        <span class="spring" />
        {store.connection.choices ? null : (
          <Button
            onClick={() =>
              store.selectExample({ kind: 'sample', ...store.samplesQuery.value, index: picked })
            }
          >
            {text.useAsExample}
          </Button>
        )}
      </div>
      <Asked question={store.morph} skeleton={<div class="skeleton" style={{ height: '120px' }} />}>
        {(morph) => <MorphWay model={model} morph={morph} />}
      </Asked>
    </>
  );
}

/** Every stop on the way from z to x, small; the chosen one large enough to look at. */
function MorphWay({ model, morph }: { model: ModelSummary; morph: Morph }) {
  const store = useStore();
  const last = morph.steps.length - 1;
  const at = Math.min(last, store.morphStep.value ?? last);
  const step = morph.steps[at]!;
  const most = 12;
  const small =
    morph.steps.length <= most
      ? morph.steps.map((_, i) => i)
      : Array.from({ length: most }, (_, i) => Math.round((i * last) / (most - 1)));
  const nearest = small.reduce((best, i) => (Math.abs(i - at) < Math.abs(best - at) ? i : best), 0);
  const draw = (index: number, size: number) =>
    index === last ? (
      <Picture picture={morph.steps[index]!.value} levels={model.levels ?? 256} size={size} name="morph" />
    ) : (
      <OutputThumbnail output={morph.steps[index]!.value} size={size} />
    );
  return (
    <>
      <div class="path-row" aria-hidden="true">
        {small.map((i) => (
          <span key={i} class={i === nearest ? 'on' : ''}>
            {draw(i, 20)}
          </span>
        ))}
      </div>
      <Slider
        label={text.way}
        min={0}
        max={last}
        step={1}
        value={at}
        valueText={step.label}
        onInput={(value) => (store.morphStep.value = value)}
      />
      <div class="ends tick">
        <span>z</span>
        <span>{step.label}</span>
        <span>x</span>
      </div>
      <div class="morph-large">{draw(at, 96)}</div>
    </>
  );
}

function VectorSamples({ model, grid }: { model: ModelSummary; grid: SampleGrid }) {
  const store = useStore();
  const [n = 0, features = 0] = grid.values.shape;
  const bad = nonFiniteCount(grid);
  if (bad === n && n > 0) return <BadSamples bad={bad} n={n} />;
  const picked = Math.min(store.pickedSample.value, n - 1);
  const shown = Math.min(features, 12);
  return (
    <>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={text.samples}>
        <table class="rows-table">
          <thead>
            <tr>
              <th>{text.number}</th>
              {Array.from({ length: shown }, (_, f) => (
                <th key={f} class="num">
                  {featureName(model, f)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: Math.min(n, 64) }, (_, i) => (
              <tr key={i} aria-selected={i === picked} onClick={() => (store.pickedSample.value = i)}>
                <td>
                  <button type="button" class="linklike" aria-label={text.sampleItem(i + 1)}>
                    {i + 1}
                  </button>
                </td>
                {Array.from({ length: shown }, (_, f) => {
                  const value = grid.values.data[i * features + f]!;
                  return (
                    <td key={f} class={`num ${Number.isFinite(value) ? '' : 'bad'}`}>
                      {fixed(value, 2)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown < features ? <p class="tick">{text.featuresShown(1, shown, features)}</p> : null}
      {store.connection.choices ? null : (
        <div class="ctl" style={{ marginTop: '8px' }}>
          <span>{text.sampleItem(picked + 1)}</span>
          <span class="spring" />
          <Button
            onClick={() =>
              store.selectExample({ kind: 'sample', ...store.samplesQuery.value, index: picked })
            }
          >
            {text.useAsExample}
          </Button>
        </div>
      )}
    </>
  );
}

/** Density and samples of a two-dimensional flow, over the same part of the plane. */
export function PlaneSamples({ model }: { model: ModelSummary }) {
  const store = useStore();
  return (
    <>
      <SampleControls model={model} />
      <Asked question={store.plane}>{(view) => <DensityAndSamples model={model} view={view} />}</Asked>
    </>
  );
}

/** CSS pixels a side; both planes fit the gallery of a small window without scrolling. */
const planeSide = 152;

function DensityAndSamples({ model, view }: { model: ModelSummary; view: PlaneView }) {
  const store = useStore();
  const high = finiteExtent(view.density.data)?.high ?? 1;
  const scale = () => magnitudeScale(high);
  const pixels = view.density.shape[1]!;
  const query = store.samplesQuery.value;
  const samples = query.count;
  return (
    <>
      <h3 class="ends">
        <b>{text.density}</b>
        <span class="tick">{text.densityNote}</span>
      </h3>
      <Sized height={planeSide}>
        {(width) => (
          <HeatMap
            plane={{ width: pixels, height: view.density.shape[0]!, values: view.density.data }}
            scale={scale}
            size={Math.min(width, planeSide)}
            label={text.density}
            name="density"
          />
        )}
      </Sized>
      <div style={{ margin: '4px 0 8px' }}>
        <Legend scale={scale} width={planeSide} />
      </div>
      <h3 class="ends">
        <b>{text.samples}</b>
        <span class="tick">
          {text.samplesNote(
            Math.min(samples, view.samples.shape[0]!),
            fixed(query.temperature, 2),
            query.seed,
          )}
        </span>
      </h3>
      <Sized height={planeSide}>
        {(width) => {
          const frame = { size: Math.min(width, planeSide), x: view.bounds.x, y: view.bounds.y };
          return (
            <Board
              width={frame.size}
              height={frame.size}
              name="samples"
              label={text.samples}
              draw={(context) => {
                drawPoints(context, frame, view.samples, 1.2, undefined, samples);
                planeAxes(context, frame, [featureName(model, 0), featureName(model, 1)]);
              }}
            />
          );
        }}
      </Sized>
    </>
  );
}
