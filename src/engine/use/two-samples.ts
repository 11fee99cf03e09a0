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

const relabelings = 199;
const directions = 50;
/** After so many others get their turn. */
const atOnce = 20;

interface RelabelOptions {
  draw: RandomStream;
  /** Share of relabelings that the band is above. */
  level: number;
  /** Both sets have as many rows, and only the two rows with the same number change places. */
  inPairs?: boolean;
  signal?: AbortSignal | undefined;
}

interface Distance {
  distance: number;
  band: number;
  /** Share of relabelings that are as far apart, the rows as they are counted in. */
  pValue: number;
}

/**
 * Energy distance of two sets (Székely and Rizzo 2013, Journal of Statistical Planning and Inference 143), 2·E|x − y| − E|x − x′| −
 * E|y − y′| over all pairs, as a share of 2·E|x − y|, 0 to 1, beside those of random relabelings of the rows.
 * @param rows [n, size], the first `first` of them of the first set
 * @throws CancelledError
 */
export async function energyDistance(
  rows: Float32Array,
  size: number,
  first: number,
  options: RelabelOptions,
): Promise<Distance> {
  const n = rows.length / size;
  const second = n - first;
  const distances = new Float32Array(n * n);
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (i % atOnce === 0) await breathe(options.signal);
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
  return relabeled(n, energy, options);
}

/**
 * Mean distance between two sets of as many rows along random directions, 1-Wasserstein, as `energyDistance`.
 * @param rows [2n, size], those of the first set first
 * @throws CancelledError
 */
export async function slicedDistance(
  rows: Float32Array,
  size: number,
  options: RelabelOptions,
): Promise<Distance> {
  const n = rows.length / size;
  const slices = range(directions).map(() => {
    const direction = options.draw.normal(size);
    const length = Math.hypot(...direction);
    const places = Float64Array.from({ length: n }, (_, i) =>
      direction.reduce((sum, value, d) => sum + (value / length) * rows[i * size + d]!, 0),
    );
    return { places, sorted: range(n).sort((a, b) => places[a]! - places[b]!) };
  });
  const isFirst = new Uint8Array(n);
  const apart = (order: ArrayLike<number>): number => {
    for (let i = 0; i < n; i++) isFirst[order[i]!] = i < n / 2 ? 1 : 0;
    let sum = 0;
    for (const { places, sorted } of slices) {
      let ahead = 0;
      for (let i = 1; i < n; i++) {
        ahead += isFirst[sorted[i - 1]!] ? 1 : -1;
        sum += Math.abs(ahead) * (places[sorted[i]!]! - places[sorted[i - 1]!]!);
      }
    }
    return (2 * sum) / (directions * n);
  };
  return relabeled(n, apart, options);
}

/** @param distance of the first rows, in that order, from the others */
async function relabeled(
  n: number,
  distance: (order: ArrayLike<number>) => number,
  { draw, level, inPairs, signal }: RelabelOptions,
): Promise<Distance> {
  const exchanged = (): ArrayLike<number> => {
    const swaps = draw.uniform(n / 2);
    return Int32Array.from({ length: n }, (_, i) => (swaps[i % (n / 2)]! < 0.5 ? i : (i + n / 2) % n));
  };
  const found = distance(range(n));
  const others = new Float64Array(relabelings);
  for (let k = 0; k < relabelings; k++) {
    if (k % atOnce === 0) await breathe(signal);
    others[k] = distance(inPairs ? exchanged() : draw.permutation(n));
  }
  return { distance: found, ...amongOthers(found, others, level) };
}

/** What a share `level` of the others is below, and the share that is as large, the value itself counted in. */
export function amongOthers(
  value: number,
  others: Float64Array,
  level: number,
): Pick<Distance, 'band' | 'pValue'> {
  const asLarge = others.filter((other) => other >= value).length;
  const band = others.toSorted()[Math.ceil(level * others.length) - 1]!;
  return { band, pValue: (1 + asLarge) / (1 + others.length) };
}
