/** Arrows of a vector field. */
import type { FieldPlane } from '../../../src/protocol/field';
import type { PlaneFrame } from '../../base/canvas/points';
import { cssText } from '../../base/canvas/theme';

/** Cells from one arrow to the next. */
const every = 4;

type Place = [x: number, y: number];

/** Arrows that begin in the middle of cells of a square of `size` pixels; the longest is as long as they are apart. */
export function arrowsOf(
  { shape: [side = 1], data }: FieldPlane['velocity'],
  size: number,
): { from: Place; to: Place }[] {
  const cell = size / side;
  const arrows: { from: Place; v: Place }[] = [];
  for (let row = every / 2; row < side; row += every) {
    for (let column = every / 2; column < side; column += every) {
      const i = 2 * (row * side + column);
      // The screen counts downward.
      const v: Place = [data[i]!, -data[i + 1]!];
      if (v.every(Number.isFinite)) arrows.push({ from: [(column + 0.5) * cell, (row + 0.5) * cell], v });
    }
  }
  const longest = Math.max(...arrows.map(({ v }) => Math.hypot(...v))) || 1;
  const length = (every * cell) / longest;
  return arrows.map(({ from: [x, y], v }) => ({ from: [x, y], to: [x + length * v[0], y + length * v[1]] }));
}

export function drawArrows(
  context: CanvasRenderingContext2D,
  { size }: PlaneFrame,
  velocity: FieldPlane['velocity'],
): void {
  Object.assign(context, { strokeStyle: cssText('--fg'), lineWidth: 1.2, lineCap: 'round' });
  for (const { from, to } of arrowsOf(velocity, size)) {
    const [x, y] = to;
    const [dx, dy] = [0.3 * (x - from[0]), 0.3 * (y - from[1])];
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(x, y);
    context.moveTo(x - dx + dy / 1.7, y - dy - dx / 1.7);
    context.lineTo(x, y);
    context.lineTo(x - dx - dy / 1.7, y - dy + dx / 1.7);
    context.stroke();
  }
}
