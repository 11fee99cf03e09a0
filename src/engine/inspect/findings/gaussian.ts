/** How far a set of numbers is from the standard normal distribution. */
import { uniformDistance } from '../../use/rank-statistics';

/** @param values finite */
export function momentsOf(values: ArrayLike<number>): { mean: number; std: number; kurtosis: number } {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let second = 0;
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    const square = (values[i]! - mean) ** 2;
    second += square / n;
    fourth += (square * square) / n;
  }
  return { mean, std: Math.sqrt(second), kurtosis: fourth / second ** 2 - 3 };
}

/** Largest difference between the empirical distribution function and the normal one (Kolmogorov–Smirnov). */
export function normalDistance(sorted: ArrayLike<number>): number {
  return uniformDistance(Float64Array.from(sorted, normalProbability));
}

/** P(Z ≤ z) of a standard normal Z, within 1e-7 (M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, formula 26.2.17). */
export function normalProbability(z: number): number {
  const size = Math.abs(z);
  const t = 1 / (1 + 0.2316419 * size);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-size * size) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}
