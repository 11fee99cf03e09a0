/** Arithmetic on static shapes. */
import { UserError } from '../base/user-error';
import { sizeOf } from '../base/shape';

export type Shape = readonly number[];

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Whether something is one number, or one for each channel, the last axis. */
export function isPerChannel(shape: Shape, channels: number): boolean {
  return sizeOf(shape) === 1 || (sizeOf(shape) === channels && shape.at(-1) === channels);
}

/** The shape of an elementwise result, by NumPy's rules. */
export function broadcastShapes(...shapes: Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const dim = shape[i]!;
      if (dim === 1 || dim === result[at]) continue;
      if (result[at] !== 1) {
        throw new UserError(`Shapes ${shapes.map(showShape).join(' and ')} cannot be broadcast together.`);
      }
      result[at] = dim;
    }
  }
  return result;
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Axes as ascending numbers in [0, rank); null or undefined means all. */
export function normalizeAxes(axis: number | readonly number[] | null | undefined, rank: number): number[] {
  const axes = axis === null || axis === undefined ? [...Array(rank).keys()] : [axis].flat();
  const absolute = axes.map((a) => normalizeAxis(a, rank));
  return [...new Set(absolute)].sort((a, b) => a - b);
}

export function normalizeAxis(axis: number, rank: number): number {
  const absolute = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || absolute < 0 || absolute >= rank) {
    throw new UserError(`Axis ${axis} is outside a tensor of rank ${rank}.`);
  }
  return absolute;
}

export function reduceShape(shape: Shape, axes: Shape, keepDims: boolean): number[] {
  return keepDims
    ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : shape.filter((_, i) => !axes.includes(i));
}
