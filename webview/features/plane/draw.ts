/** What is drawn on the plane, back to front: density or cells, grid lines, points, the path. */
import type { PlaneDensity } from '../../../src/protocol/plane';
import type { NdArray } from '../../../src/protocol/tensors';
import { magnitudeScale, signedScale } from '../../base/canvas/color-maps';
import { finiteExtent } from '../../base/canvas/planes';
import type { Cell } from '../../base/canvas/polygon';
import { cssText } from '../../base/canvas/theme';
import { drawDot, toScreen, type PlaneFrame } from '../../base/canvas/points';

/** Log of area, nats, at both ends of the colors. */
export const areaLimit = 3;

export function drawCells(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  cells: readonly Cell[],
  light: boolean,
): void {
  const colors = signedScale(areaLimit, light);
  context.save();
  context.globalAlpha = 0.85;
  for (const { corners, logArea } of cells) {
    const [r, g, b] = colors.at(logArea);
    context.fillStyle = `rgb(${r},${g},${b})`;
    context.beginPath();
    for (let k = 0; k < 4; k++)
      context[k ? 'lineTo' : 'moveTo'](...toScreen(frame, corners[2 * k]!, corners[2 * k + 1]!));
    context.closePath();
    context.fill();
  }
  context.restore();
}

/** About 16 lines each way. */
export function drawGrid(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  grid: NdArray<Float32Array>,
  light: boolean,
): void {
  const n = grid.shape[0]!;
  const every = Math.max(1, Math.round((n - 1) / 16));
  context.strokeStyle = light ? '#00000038' : '#ffffff3d';
  context.lineWidth = 0.7;
  const line = (at: (k: number) => number): void => {
    context.beginPath();
    for (let k = 0; k < n; k++) {
      const i = at(k) * 2;
      context[k ? 'lineTo' : 'moveTo'](...toScreen(frame, grid.data[i]!, grid.data[i + 1]!));
    }
    context.stroke();
  };
  for (let i = 0; i < n; i += every) {
    line((k) => i * n + k);
    line((k) => k * n + i);
  }
}

/** From 0 to the largest value of this stage: densities of two stages are per different areas. */
export function densityScale({ density }: PlaneDensity) {
  return magnitudeScale(finiteExtent(density.data)?.high || 1);
}

/**
 * The way of one point, [stages, 2]: what lies behind it drawn through, what is still to come dashed, each stage a dot;
 * `at` is where it is now.
 */
export function drawPath(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  path: NdArray<Float32Array>,
  position: number,
  at: readonly [number, number],
): void {
  const places = Array.from({ length: path.shape[0]! }, (_, k) =>
    toScreen(frame, path.data[2 * k]!, path.data[2 * k + 1]!),
  );
  const now = toScreen(frame, ...at);
  const stage = Math.floor(position);
  const line = (list: readonly (readonly [number, number])[], dash: number[]): void => {
    const finite = list.filter(([x, y]) => Number.isFinite(x + y));
    // A rim of the surface's color keeps the line apart from what is behind it.
    for (const [width, color] of [
      [4, '--surface'],
      [1.5, '--fg'],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = cssText(color);
      context.setLineDash(color === '--fg' ? dash : []);
      context.beginPath();
      finite.forEach(([x, y], k) => context[k ? 'lineTo' : 'moveTo'](x, y));
      context.stroke();
    }
    context.setLineDash([]);
  };
  context.save();
  context.lineJoin = 'round';
  line([now, ...places.slice(stage + 1)], [3, 3]);
  line([...places.slice(0, stage + 1), now], []);
  for (const place of places) drawDot(context, place, 2.5, ['--fg', '--surface']);
  drawDot(context, now, 5, ['--accent', '--surface']);
  context.restore();
}
