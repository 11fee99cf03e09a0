/** Whether two sets of rows have the same distribution. */
import { range } from '../../base/order';
import type { RandomStream } from '../../data/random';
import { breathe } from '../model/breathe';
import { distancePValue } from './rank-statistics';

/**
 * Largest difference of the distribution functions of two sets (Kolmogorov–Smirnov), 0 to 1.
 * @param a ascending and finite, as `b`
 */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    // Equal values count together.
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

/**
 * The distance that a share `level` of equal sets of n and m values is below: the limit distribution for n·m / (n + m) values, with
 * Stephens's correction (`distancePValue`). It depends on the counts alone, and is right for continuous values: where values repeat,
 * fewer sets are above it.
 */
export function differenceBand(n: number, m: number, level: number): number {
  const effective = (n * m) / (n + m);
  let [low, high] = [0, 1];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (distancePValue(middle, effective) > 1 - level) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Ranks of each column's values among all rows, as shares in (0, 1); equal values share their mean rank.
 * @param rows [n, size]
 */
export function ranksOf(rows: Float32Array, size: number): Float32Array {
  const n = rows.length / size;
  const out = new Float32Array(rows.length);
  for (let d = 0; d < size; d++) {
    const order = range(n).sort((a, b) => rows[a * size + d]! - rows[b * size + d]!);
    for (let from = 0; from < n;) {
      let to = from + 1;
      while (to < n && rows[order[to]! * size + d] === rows[order[from]! * size + d]) to++;
      for (let i = from; i < to; i++) out[order[i]! * size + d] = (from + to) / (2 * n);
      from = to;
    }
  }
  return out;
}

const relabellings = 199;
/** After so many others get their turn. */
const atOnce = 20;

/**
 * Energy distance of two sets (Székely and Rizzo 2013, Journal of Statistical Planning and Inference 143), 2·E|x − y| − E|x − x′| −
 * E|y − y′| over all pairs, as a share of 2·E|x − y|, and its band: a share `level` of random relabellings of the rows is below it.
 * @param rows [n, size], the first `first` of them of the first set
 * @throws CancelledError
 */
export async function energyDistance(
  rows: Float32Array,
  size: number,
  first: number,
  { draw, level, signal }: { draw: RandomStream; level: number; signal: AbortSignal },
): Promise<{ distance: number; band: number }> {
  const n = rows.length / size;
  const second = n - first;
  const distances = new Float32Array(n * n);
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (i % atOnce === 0) await breathe(signal);
    for (let j = 0; j < i; j++) {
      let squares = 0;
      for (let d = 0; d < size; d++) squares += (rows[i * size + d]! - rows[j * size + d]!) ** 2;
      const distance = Math.sqrt(squares);
      distances[i * n + j] = distance;
      distances[j * n + i] = distance;
      sums[i]! += distance;
      sums[j]! += distance;
    }
  }
  const total = sums.reduce((a, b) => a + b, 0);
  const energy = (order: ArrayLike<number>): number => {
    let [within, all] = [0, 0];
    for (let a = 0; a < first; a++) {
      const row = order[a]! * n;
      all += sums[order[a]!]!;
      for (let b = 0; b < a; b++) within += distances[row + order[b]!]!;
    }
    within *= 2;
    const between = all - within;
    const apart = (2 * between) / (first * second);
    const inside = within / first ** 2 + (total - all - between) / second ** 2;
    return apart > 0 ? (apart - inside) / apart : 0;
  };
  const distance = energy(Int32Array.from({ length: n }, (_, i) => i));
  const others = new Float64Array(relabellings);
  for (let k = 0; k < relabellings; k++) {
    if (k % atOnce === 0) await breathe(signal);
    others[k] = energy(draw.permutation(n));
  }
  others.sort();
  return { distance, band: others[Math.ceil(level * relabellings) - 1]! };
}
