import type { Axis } from './scale';

/** A line through the points that are finite, in pieces where others lie between. */
export function pathOf(xs: ArrayLike<number>, ys: ArrayLike<number>, x: Axis, y: Axis): string {
  let pen = 'M';
  return Array.from(xs, (value, i) => {
    const finite = Number.isFinite(ys[i]);
    const point = finite ? `${pen}${x.at(value).toFixed(1)} ${y.at(ys[i]!).toFixed(1)}` : '';
    pen = finite ? 'L' : 'M';
    return point;
  }).join('');
}
