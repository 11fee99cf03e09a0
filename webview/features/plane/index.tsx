/** Two-dimensional flows: the points after each layer over the bent grid or the density, and one point's path. */
import { isPlane } from '../../../src/protocol/questions';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PlaneView } from '../../../src/protocol/inspect';
import { useFeature, AnswerView } from '../../base/store/use-store';
import { type LayerFeature, type Store, latest } from '../../base/store/store';
import { planeIsLong, planeView } from '../../base/store/plane-view';
import type { FloatArray } from '../../base/view-data/npy';
import type { ViewData } from '../../base/view-data/view-data';
import { layerPhrase } from '../../base/layers/layer-names';
import { Dropdown, LinkButton } from '../../base/controls/toolkit';
import { PlayButton } from '../../base/controls/play-button';
import { Slider } from '../../base/controls/slider';
import { Choice } from '../../base/controls/segmented';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { fixed } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';
import { planeState } from './state';
import { cellsOf, type BentCells } from './bent-cells';
import { PlaneBoard } from './board';
import { usePlayer } from './player';
import { Probe } from './probe';
import { areaLimit, densityScale } from './draw';
import './style.css';

function planeNumbers(store: Store, model: ModelSummary): ViewData {
  const view = store.state(planeView).found.value;
  if (!view) return {};
  const { points, grids, density, samples } = view;
  const names = ['data', ...model.layers.map(({ name }) => name)];
  const last = points.at(-1)!;
  const pick = ({ data }: FloatArray, axis: number): Float32Array => data.filter((_, i) => i % 2 === axis);
  return {
    columns: [
      { name: 'x1', values: pick(points[0]!, 0) },
      { name: 'x2', values: pick(points[0]!, 1) },
      { name: 'z1', values: pick(last, 0) },
      { name: 'z2', values: pick(last, 1) },
    ],
    arrays: {
      ...Object.fromEntries(points.map((array, i) => [`points_${names[i] ?? i}`, array])),
      ...Object.fromEntries(grids.map((array, i) => [`grid_${names[i] ?? i}`, array])),
      density,
      samples,
    },
  };
}

export const plane: LayerFeature = {
  id: 'plane',
  region: 'layer',
  title: () => text.tab,
  applies: isPlane,
  state: planeState,
  panel: 'plane-panel flex-column',
  ofData: true,
  View: ({ model }) => (
    <AnswerView question={useFeature(planeView)} longBecause={planeIsLong(model)}>
      {(view) => <PlaneTab model={model} view={view} />}
    </AnswerView>
  ),
  numbers: planeNumbers,
};

function PlaneTab({ model, view }: { model: ModelSummary; view: PlaneView }) {
  const planes = useFeature(planeState);
  const last = view.points.length - 1;
  usePlayer(last);
  const stage = Math.min(last, planes.stage.value);
  const stageName =
    stage === 0
      ? text.dataSpace
      : stage === last
        ? text.latentSpace
        : text.afterLayer(layerPhrase(model.layers[stage - 1]!, model));
  const bad = !view.points[stage]!.data.every(Number.isFinite);
  const cells =
    planes.behind.value === 'grid' ? cellsOf(view, stage, latest(planes.cells.answer.value)) : undefined;
  return (
    <>
      <p class="muted">
        {stageName}, {text.planeNote(stage, last)}
      </p>
      <div class="plane-view flex-wrap">
        <PlaneBoard model={model} view={view} stageName={stageName} cells={cells} />
        <div class="note flex-column">
          <BehindPoints cells={cells} letter={stage === 0 ? 'x' : stage === last ? 'z' : 'h'} />
          {bad ? <p class="bad">NaN, ∞</p> : null}
          <Probe model={model} stage={stage} last={last} />
        </div>
      </div>
      <Walk model={model} last={last} stageName={stageName} />
    </>
  );
}

const speeds = [0.5, 1, 2];

/** Places that can have a number each without one touching the next. */
const mostNumbers = 13;

/** x, the numbers of couplings, z; of layers between them a dot. */
function marksOf({ layers }: ModelSummary, last: number): string[] {
  const every = Math.ceil(last / mostNumbers);
  return Array.from({ length: last + 1 }, (_, stage) => {
    if (stage === 0) return 'x';
    if (stage === last) return 'z';
    const coupling = layers[stage - 1]?.coupling;
    return coupling === undefined || coupling % every !== 0 ? '·' : String(coupling + 1);
  });
}

/** From x to z by hand or by itself. */
function Walk({ model, last, stageName }: { model: ModelSummary; last: number; stageName: string }) {
  const planes = useFeature(planeState);
  const playing = planes.playing.value;
  return (
    <div class="walk">
      <PlayButton playing={playing} label={text.play} onClick={() => (planes.playing.value = !playing)} />
      <div class="walk-track grow">
        <Slider
          label={text.walk}
          max={last}
          value={planes.stage.value}
          valueText={stageName}
          onInput={(value) => {
            planes.playing.value = false;
            planes.setStage(value);
          }}
        />
        <div class="walk-marks tick" aria-hidden="true">
          {marksOf(model, last).map((mark, stage) => (
            <span key={stage} class={stage === planes.stage.value ? 'on' : ''}>
              {mark}
            </span>
          ))}
        </div>
      </div>
      <Dropdown
        label={text.pace}
        value={String(planes.speed.value)}
        options={speeds.map((speed) => ({ value: String(speed), text: text.times(speed) }))}
        onChange={(value) => (planes.speed.value = Number(value))}
      />
    </div>
  );
}

/** What is drawn behind the points, and its legend. */
function BehindPoints({ cells, letter }: { cells: BentCells | undefined; letter: string }) {
  const planes = useFeature(planeState);
  return (
    <div class="plane-behind flex-column">
      <div class="ends">
        <h3>{text.behind}</h3>
        <Choice
          label={text.behind}
          of={planes.behind}
          options={{ grid: text.behindGrid, density: words.density }}
        />
      </div>
      {planes.behind.value === 'grid' ? <GridFigures cells={cells} /> : <DensityFigures letter={letter} />}
    </div>
  );
}

function GridFigures({ cells }: { cells: BentCells | undefined }) {
  const planes = useFeature(planeState);
  const areas = cells?.areas ?? [];
  const answer = planes.cells.answer.value;
  const waiting = answer.status === 'loading' && answer.slow;
  return (
    <>
      <p class="tick">{text.cellAreaNote}</p>
      <Legend scale={(light) => signedScale(areaLimit, light)} />
      <dl class="stat pairs">
        <dt>{text.smallest}</dt>
        <dd>{fixed(areas[0], 2)}</dd>
        <dt>{text.largest}</dt>
        <dd>{fixed(areas.at(-1), 2)}</dd>
        <dt>{text.median}</dt>
        <dd>{fixed(areas[areas.length >> 1], 2)}</dd>
      </dl>
      <p class="tick">
        {waiting ? (
          <>
            {text.dividing} <LinkButton onClick={() => planes.cells.cancel()}>{words.cancel}</LinkButton>
          </>
        ) : cells && cells.folded > 0 ? (
          text.stillFolded(cells.folded)
        ) : (
          text.planeReading
        )}
      </p>
    </>
  );
}

function DensityFigures({ letter }: { letter: string }) {
  const planes = useFeature(planeState);
  const shown = latest(planes.density.answer.value);
  const unknown = shown
    ? shown.density.data.reduce((n, value) => n + (Number.isFinite(value) ? 0 : 1), 0)
    : 0;
  return (
    <AnswerView question={planes.density} skeleton={<div class="skeleton" style={{ height: '60px' }} />}>
      {(found) => (
        <>
          <p class="tick">{text.densityAt(letter)}</p>
          <Legend scale={() => densityScale(found)} />
          <p class="tick">{text.densityRange}</p>
          {unknown > 0 ? <p class="tick">{text.densityUnknown(unknown, found.density.data.length)}</p> : null}
        </>
      )}
    </AnswerView>
  );
}
