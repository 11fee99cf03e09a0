/** Long lines in few points. */
import type { Axis } from './scale';

/**
 * The path of a line: in each column of pixels where it came in, its lowest and highest place, and where it left, so
 * that no peak is lost and the cost of drawing is bounded by the width. Rows in order of x; NaN is passed over.
 *
 * @param clip to the pixels that may be drawn on
 */
export function linePath(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: Axis,
  y: Axis,
  clip: (pixel: number) => number,
): string {
  const parts: string[] = [];
  let column = NaN;
  let first = 0;
  let low = 0;
  let high = 0;
  let last = 0;
  const flush = (): void => {
    if (Number.isNaN(column)) return;
    const command = (place: number): string => `${parts.length ? 'L' : 'M'}${column} ${place.toFixed(1)}`;
    parts.push(command(first));
    if (low !== first && low !== last) parts.push(command(low));
    if (high !== first && high !== last) parts.push(command(high));
    if (last !== first) parts.push(command(last));
  };
  for (let i = 0; i < ys.length; i++) {
    const value = ys[i]!;
    if (!Number.isFinite(value)) continue;
    const place = clip(y.at(value));
    const here = Math.round(x.at(xs[i]!) * 2) / 2;
    if (here !== column) {
      flush();
      column = here;
      first = low = high = last = place;
    } else {
      low = Math.min(low, place);
      high = Math.max(high, place);
      last = place;
    }
  }
  flush();
  return parts.join('');
}
