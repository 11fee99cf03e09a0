/** The plane at a place between two stages: a position of 2.25 is a quarter of the way from stage 2 to stage 3. */
import type { PlaneView } from './inspect';
import { stageBounds, type PlaneBounds } from './plane';
import type { NdArray } from './tensors';

/** Starts and ends slowly: 0 at 0, 1 at 1, level at both. */
export function eased(share: number): number {
  return share * share * (3 - 2 * share);
}

/** Arrays of one shape, one for each stage. */
export function between(stages: readonly NdArray<Float32Array>[], position: number): NdArray<Float32Array> {
  const from = Math.floor(position);
  const share = position - from;
  const a = stages[from]!;
  const b = stages[from + 1];
  if (share === 0 || !b) return a;
  return { shape: a.shape, data: a.data.map((value, i) => value + share * (b.data[i]! - value)) };
}

export function boundsAt({ points }: Pick<PlaneView, 'points'>, position: number): PlaneBounds {
  const last = points.length - 1;
  const at = (stage: number): PlaneBounds => stageBounds(points[stage]!, stage, last);
  const from = Math.floor(position);
  const share = position - from;
  const a = at(from);
  if (share === 0 || from >= last) return a;
  const b = at(from + 1);
  const mix = (p: [number, number], q: [number, number]): [number, number] => [
    p[0] + share * (q[0] - p[0]),
    p[1] + share * (q[1] - p[1]),
  ];
  return { x: mix(a.x, b.x), y: mix(a.y, b.y) };
}
