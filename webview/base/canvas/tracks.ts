/** Paths of examples on a plane. */
import { drawDot, toScreen, type PlaneFrame } from './points';
import { cssText } from './theme';

/** A line through the points [T, 2]; a canvas passes over those that are not finite. */
export function drawTrack(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: Float32Array,
  [token, width]: readonly [token: string, width: number],
): void {
  Object.assign(context, { strokeStyle: cssText(token), lineWidth: width, lineJoin: 'round' });
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(...toScreen(frame, points[i]!, points[i + 1]!));
  context.stroke();
}

/** The path of the example on top of others: what lies between two of its points is bold, from a dot to a ring. */
export function drawOwnTrack(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: Float32Array,
  span: readonly [number, number] | undefined,
): void {
  const [from, to] = span ?? [0, 0];
  // A rim of the surface's color keeps a line apart from what is behind it.
  for (const [part, width] of [
    [points, 1.5],
    [points.subarray(2 * from, 2 * to + 2), 4],
  ] as const) {
    drawTrack(context, frame, part, ['--surface', width + 2.5]);
    drawTrack(context, frame, part, ['--accent', width]);
  }
  const at = (i: number) => toScreen(frame, points[2 * i]!, points[2 * i + 1]!);
  drawDot(context, at(from), 4, ['--accent', '--surface']);
  drawDot(context, at(span ? to : points.length / 2 - 1), 3.5, ['--surface', '--accent'], 2);
}
