import { drawDot, toScreen, type PlaneFrame } from '../../base/canvas/points';
import { cssText } from '../../base/canvas/theme';

/** A line through the points [T, 2]; a canvas passes over those that are not finite. */
export function drawPath(
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
export function drawOwnPath(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: Float32Array,
  [from, to]: readonly [number, number],
): void {
  const slice = points.subarray(2 * from, 2 * to + 2);
  // A rim of the surface's color keeps a line apart from what is behind it.
  for (const [part, width] of [
    [points, 1.5],
    [slice, 4],
  ] as const) {
    drawPath(context, frame, part, ['--surface', width + 2.5]);
    drawPath(context, frame, part, ['--accent', width]);
  }
  const at = (i: number) => toScreen(frame, points[2 * i]!, points[2 * i + 1]!);
  drawDot(context, at(from), 3, ['--accent', '--surface']);
  drawDot(context, at(to), 2.5, ['--surface', '--accent']);
}
