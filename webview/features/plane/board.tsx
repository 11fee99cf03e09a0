/** The plane itself: drawn at any place between two stages, and a point on it followed by mouse or keys. */
import { useId } from 'preact/hooks';
import { planeStep } from '../../base/controls/arrow-keys';
import type { PlaneView } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PathStart } from '../../../src/protocol/plane';
import { Sized } from '../../base/size/sized';
import {
  drawPoints,
  nearestPoint,
  pointAt,
  toScreen,
  type PlaneFrame,
  drawValues,
  planeAxes,
} from '../../base/canvas/points';
import { planeState } from './state';
import { latest } from '../../base/store/store';
import { useStore } from '../../base/store/use-store';
import { featureName } from '../../base/layers/layer-names';
import { text } from './text';
import { Board } from '../../base/canvas/canvas';
import { bentCells, type BentCells } from './bent-cells';
import { between, boundsAt, eased } from '../../../src/protocol/between-stages';
import { densityScale, drawCells, drawGrid, drawPath } from './draw';

/** Steps of the arrow keys, shares of the frame. */
const small = 0.01;
const large = 0.05;

export interface PlaneBoardProps {
  model: ModelSummary;
  view: PlaneView;
  stageName: string;
  /** Cells of the stage. */
  cells: BentCells | undefined;
}

export function PlaneBoard({ model, view, stageName, cells }: PlaneBoardProps) {
  const store = useStore();
  const planes = store.state(planeState);
  const hint = useId();
  const last = view.points.length - 1;
  const stage = Math.min(last, planes.stage.value);
  const position = Math.min(last, stage + eased(planes.share.value));
  const moving = position !== stage;
  const points = between(view.points, position);
  const grid = between(view.grids, position);
  const flat = view.grids[last]!;
  const behind = planes.behind.value;
  const drawnCells = behind === 'grid' ? (moving ? bentCells(grid, flat) : cells) : undefined;
  const found = latest(planes.density.answer.value);
  const density = behind === 'density' && found?.stage === stage ? found : undefined;
  const path = latest(planes.path.answer.value);
  const busy = [planes.cells, planes.density, planes.path].some(
    ({ answer }) => answer.value.status === 'loading',
  );
  const letter = stage === 0 ? 'x' : stage === last ? 'z' : 'h';
  const names: [string, string] = [featureName(model, 0, letter), featureName(model, 1, letter)];
  const bounds = boundsAt(view, position);

  const here = (): [number, number] | undefined => {
    const lastStart = store.probe.peek();
    // While the engine answers, what was typed last is where the next step starts.
    if (lastStart?.kind === 'point' && lastStart.stage === stage) return lastStart.point;
    return path && pair(path.points.data, stage);
  };
  const probe = (start: PathStart): void => {
    planes.playing.value = false;
    store.probe.value = start;
  };
  const pick = (event: PointerEvent, frame: PlaneFrame, snaps: boolean): void => {
    const point = pointAt(event, frame);
    const near = snaps ? nearestPoint(view.points[stage]!, frame, toScreen(frame, ...point)) : undefined;
    const { split } = store.batch.peek();
    if (near === undefined) probe({ kind: 'point', stage, point });
    else if (split === 'sample') probe({ kind: 'point', stage: 0, point: pair(view.points[0]!.data, near) });
    else probe({ kind: 'example', example: { kind: 'data', split, index: near } });
  };
  const onKey = (event: KeyboardEvent, frame: PlaneFrame): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = planeStep(event.key);
    if (arrow && !store.isSaved) {
      const size = (event.shiftKey ? large : small) * (frame.x[1] - frame.x[0]);
      const from = here() ?? [(frame.x[0] + frame.x[1]) / 2, (frame.y[0] + frame.y[1]) / 2];
      probe({ kind: 'point', stage, point: [from[0] + size * arrow[0], from[1] + size * arrow[1]] });
    } else if (event.key === ' ') planes.playing.value = !planes.playing.peek();
    else if (event.key === 'PageUp') planes.setStage(stage - 1);
    else if (event.key === 'PageDown') planes.setStage(stage + 1);
    else if (event.key === 'Escape' && store.probe.peek()) store.probe.value = undefined;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="plane-box">
      <Sized>
        {(width, height) => {
          const size = Math.min(width, height);
          const frame: PlaneFrame = { size, ...bounds };
          return (
            <div
              class="plane-board"
              role="application"
              tabIndex={0}
              aria-label={stageName}
              aria-describedby={hint}
              aria-busy={busy}
              data-stage={stage}
              data-moving={moving}
              onKeyDown={(event) => onKey(event, frame)}
              onPointerDown={(event) => {
                if (store.isSaved || event.button !== 0) return;
                event.currentTarget.setPointerCapture(event.pointerId);
                pick(event, { size, ...boundsAt(view, stage) }, !event.shiftKey);
              }}
              onPointerMove={(event) => {
                if (!store.isSaved && event.currentTarget.hasPointerCapture(event.pointerId))
                  pick(event, frame, false);
              }}
            >
              <Board
                width={size}
                height={size}
                name="plane"
                draw={(context, light) => {
                  if (density)
                    drawValues(
                      context,
                      frame,
                      { values: density.density, bounds: density.bounds },
                      { scale: densityScale(density), opacity: 1 - planes.share.value },
                    );
                  if (drawnCells) {
                    drawCells(context, frame, drawnCells.cells, light);
                    drawGrid(context, frame, grid, light);
                  }
                  context.globalAlpha = density ? 0.6 : 1;
                  drawPoints(context, frame, points, density ? 1.2 : 1.7, view.labels);
                  context.globalAlpha = 1;
                  planeAxes(context, frame, names);
                  if (path?.points.shape[0] === last + 1)
                    drawPath(
                      context,
                      frame,
                      path.points,
                      position,
                      pair(between(stagesOf(path.points.data), position).data, 0),
                    );
                }}
              />
              <span id={hint} hidden>
                {store.isSaved ? text.planeHintSaved : text.planeHint}
              </span>
            </div>
          );
        }}
      </Sized>
    </div>
  );
}

export function pair(data: Float32Array, index: number): [number, number] {
  return [data[2 * index]!, data[2 * index + 1]!];
}

/** Each stage of a path as an array of one point. */
function stagesOf(data: Float32Array) {
  return Array.from({ length: data.length / 2 }, (_, k) => ({
    shape: [1, 2],
    data: data.subarray(2 * k, 2 * k + 2),
  }));
}
