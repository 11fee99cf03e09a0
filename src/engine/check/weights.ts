/** Importance weights: the tail of the largest as a Pareto law, how many draws count, and the evidence. Weights are in logarithms. */
import { effectiveCount } from '../../base/effective-count';
import { logEvidence, weightsOf } from '../../base/log-weights';
import { UserError } from '../../base/user-error';
import type { RandomStream } from '../../data/random';
import type { Efficiency } from '../../protocol/check';

/** A generalized Pareto distribution above a threshold; weights are over the largest. */
export type Tail = NonNullable<ReturnType<typeof fitTail>>;

/** Indices from the least weight to the largest; −∞ comes first. */
export function orderOf(logWeights: Float64Array): Int32Array {
  return Int32Array.from(logWeights, (_, i) => i).sort((a, b) => {
    const [left, right] = [logWeights[a]!, logWeights[b]!];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

/**
 * Fits the largest 3√n weights, a fifth of all at most.
 * @param order of the weights, as `orderOf`
 * @returns undefined where these weights are all the same
 */
export function fitTail(logWeights: Float64Array, order: Int32Array) {
  const n = order.length;
  /** Weights that it was fitted to. */
  const count = Math.ceil(Math.min(n / 5, 3 * Math.sqrt(n)));
  const top = logWeights[order[n - 1]!]!;
  const threshold = Math.exp(logWeights[order[n - count - 1]!]! - top);
  const beyond = Float64Array.from(
    order.subarray(n - count),
    (i) => Math.exp(logWeights[i]! - top) - threshold,
  );
  if (!(beyond[0]! >= 0) || !(beyond[Math.floor(count / 4)]! > 0)) return undefined;
  return { ...fitPareto(beyond), threshold, count };
}

/**
 * The shape k (moments of order 1/k and above do not exist) and the scale: Zhang and Stephens (2009), Technometrics 51,
 * with the weak prior on the shape of Vehtari et al. (2024, arXiv:1507.02646).
 * @param x exceedances, ascending
 */
export function fitPareto(x: Float64Array): { k: number; scale: number } {
  const n = x.length;
  const points = 30 + Math.floor(Math.sqrt(n));
  const quarter = x[Math.floor(n / 4 + 0.5) - 1]!;
  const shape = (b: number): number => x.reduce((sum, value) => sum + Math.log1p(-b * value), 0) / n;
  const places = Float64Array.from(
    { length: points },
    (_, i) => (1 - Math.sqrt(points / (i + 0.5))) / (3 * quarter) + 1 / x[n - 1]!,
  );
  const likelihoods = places.map((b) => {
    const k = shape(b);
    return n * (Math.log(-b / k) - k - 1);
  });
  const most = likelihoods.reduce((a, b) => Math.max(a, b));
  const chances = likelihoods.map((value) => Math.exp(value - most));
  const total = chances.reduce((a, b) => a + b);
  const b = places.reduce((sum, place, i) => sum + place * chances[i]!, 0) / total;
  const k = shape(b);
  return { k: (k * n + 5) / (n + 10), scale: -k / b };
}

/** The largest weights replaced by the quantiles of their tail, as in Pareto smoothed importance sampling. */
export function smoothed(logWeights: Float64Array, order: Int32Array, tail: Tail | undefined): Float64Array {
  const out = logWeights.slice();
  if (!tail) return out;
  const { k, scale, threshold, count } = tail;
  const top = logWeights[order.at(-1)!]!;
  order.subarray(order.length - count).forEach((index, i) => {
    const survival = Math.log1p(-(i + 0.5) / count);
    const above = Math.abs(k) < 1e-9 ? -scale * survival : (scale * Math.expm1(-k * survival)) / k;
    out[index] = Math.min(0, Math.log(threshold + above)) + top;
  });
  return out;
}

/**
 * @returns `order` as `orderOf`, and `weights`, one a draw, smoothed at the tail, whose mean is 1
 * @param fewest draws from which on there is a tail
 * @throws UserError where no draw has a weight
 */
export function smoothedWeights(logWeights: Float64Array, fewest = 0) {
  const count = logWeights.length;
  const order = orderOf(logWeights);
  if (!(logWeights[order[count - 1]!]! > -Infinity)) {
    throw new UserError(
      `All ${count} draws are outside of the target's support: its log density is minus infinity everywhere. Check that the order and the units of its parameters are those of the flow.`,
    );
  }
  const tail = count >= fewest ? fitTail(logWeights, order) : undefined;
  const smooth = smoothed(logWeights, order, tail);
  const evidence = logEvidence(smooth);
  return { order, tail, evidence, weights: weightsOf(smooth, evidence.value) };
}

const resamples = 600;

/**
 * The share of draws that count, for any number of draws, with an interval of 90%. Weights below the tail are drawn again; of the tail,
 * Pareto laws that the same weights could have come from: a bootstrap of the weights themselves would know only the tail that was seen.
 * Where such a law has a shape of 1/2 or more there is no second moment, and the share counts as 0.
 */
export function efficiencyOf(
  logWeights: Float64Array,
  order: Int32Array,
  tail: Tail | undefined,
  draw: RandomStream,
): Efficiency {
  const n = order.length;
  const top = logWeights[order[n - 1]!]!;
  const value = effectiveCount(weightsOf(logWeights, top)) / n;
  if (!tail) return { value, low: value, high: value };
  const { k, scale, threshold, count } = tail;
  const body = Float64Array.from(order.subarray(0, n - count), (i) => Math.exp(logWeights[i]! - top));
  // Sums over a body drawn again are normal: it has hundreds of weights, and none is large.
  const moments = (power: number): number => body.reduce((sum, w) => sum + w ** power, 0) / body.length;
  const [m1, m2, m3, m4] = [1, 2, 3, 4].map(moments) as [number, number, number, number];
  const first = Math.sqrt(Math.max(0, m2 - m1 * m1));
  const together = first > 0 ? (m3 - m1 * m2) / first : 0;
  const second = Math.sqrt(Math.max(0, m4 - m2 * m2 - together * together));
  const shares = Float64Array.from({ length: resamples }, () => {
    const [a, b, c, d, e] = draw.normal(5) as unknown as [number, number, number, number, number];
    const shape = k + (a * (1 + k)) / Math.sqrt(count);
    if (shape >= 0.5) return 0;
    const spread = scale * Math.exp(b * Math.sqrt(2 / count));
    const beyond = Math.max(1, Math.round(count + c * Math.sqrt(count * (1 - count / n))));
    const inside = n - beyond;
    const root = Math.sqrt(inside);
    const mean = threshold + spread / (1 - shape);
    const square =
      threshold ** 2 +
      (2 * threshold * spread) / (1 - shape) +
      (2 * spread ** 2) / ((1 - shape) * (1 - 2 * shape));
    const sum = inside * m1 + root * first * d + beyond * mean;
    const squares = inside * m2 + root * (together * d + second * e) + beyond * square;
    return Math.min(1, sum ** 2 / Math.max(squares, Number.MIN_VALUE) / n);
  }).sort();
  const [low, high] = [shares[Math.floor(0.05 * resamples)]!, shares[Math.floor(0.95 * resamples)]!];
  // Draws that lack the tail show more than the interval goes to.
  return { value, low: Math.min(low, value), high: Math.max(high, value) };
}
