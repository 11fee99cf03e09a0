/** Linear least squares with a small ridge, from sums over rows, so that parts can be left out of a fit. */

/** [rows, size], row-major, the response of each row beside it. */
export interface Design {
  size: number;
  columns: Float64Array;
  response: Float64Array;
}

/** Against columns that say nearly the same; columns have a deviation of 1. */
const ridge = 1e-3;

/** Σ, over rows, of 1, each column, products of columns, the response, and its products. */
interface Sums {
  count: number;
  columns: Float64Array;
  products: Float64Array;
  response: number;
  mixed: Float64Array;
}

export type Fit = ReturnType<typeof fit>;

export function sumsOf({ size, columns, response }: Design, takes: (row: number) => boolean): Sums {
  const sums: Sums = {
    ...{ count: 0, response: 0, columns: new Float64Array(size), mixed: new Float64Array(size) },
    products: new Float64Array(size * size),
  };
  for (let row = 0; row < response.length; row++) {
    if (!takes(row)) continue;
    const y = response[row]!;
    const from = row * size;
    sums.count++;
    sums.response += y;
    for (let a = 0; a < size; a++) {
      const value = columns[from + a]!;
      sums.columns[a]! += value;
      sums.mixed[a]! += value * y;
      const line = a * size;
      for (let b = 0; b <= a; b++) sums.products[line + b]! += value * columns[from + b]!;
    }
  }
  return sums;
}

/** The sums of two sets of rows. */
export const together = (a: Sums, b: Sums): Sums => combined(a, b, 1);

/** The sums without those of a part. */
export const without = (all: Sums, part: Sums): Sums => combined(all, part, -1);

function combined(a: Sums, b: Sums, sign: number): Sums {
  const each = (left: Float64Array, right: Float64Array): Float64Array =>
    left.map((value, i) => value + sign * right[i]!);
  return {
    count: a.count + sign * b.count,
    columns: each(a.columns, b.columns),
    products: each(a.products, b.products),
    response: a.response + sign * b.response,
    mixed: each(a.mixed, b.mixed),
  };
}

export function fit({ count, columns, products, response, mixed }: Sums) {
  const size = columns.length;
  const columnMeans = columns.map((sum) => sum / count);
  const mean = response / count;
  const covariance = (a: number, b: number): number =>
    products[a * size + b]! / count - columnMeans[a]! * columnMeans[b]!;
  const deviations = columnMeans.map((_, a) => Math.sqrt(Math.max(0, covariance(a, a))) + 1e-12);
  const matrix = new Float64Array(size * size);
  for (let a = 0; a < size; a++)
    for (let b = 0; b <= a; b++)
      matrix[a * size + b] = covariance(a, b) / (deviations[a]! * deviations[b]!) + (a === b ? ridge : 0);
  const aims = mixed.map((sum, a) => (sum / count - columnMeans[a]! * mean) / deviations[a]!);
  /** ŷ = mean + Σ weights · (column − columnMeans). */
  const weights = solvePositive(matrix, aims).map((value, a) => value / deviations[a]!);
  return { weights, columnMeans, mean };
}

export function predict({ weights, columnMeans, mean }: Fit, columns: Float64Array, row: number): number {
  let sum = mean;
  for (let a = 0; a < weights.length; a++)
    sum += weights[a]! * (columns[row * weights.length + a]! - columnMeans[a]!);
  return sum;
}

/** By Cholesky's factors, in place. @param matrix its lower half, of a positive definite matrix */
function solvePositive(matrix: Float64Array, aims: Float64Array): Float64Array {
  const size = aims.length;
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * size + b]!;
      for (let k = 0; k < b; k++) sum -= matrix[a * size + k]! * matrix[b * size + k]!;
      matrix[a * size + b] = a === b ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[b * size + b]!;
    }
  }
  const out = aims.slice();
  for (let a = 0; a < size; a++) {
    for (let k = 0; k < a; k++) out[a]! -= matrix[a * size + k]! * out[k]!;
    out[a]! /= matrix[a * size + a]!;
  }
  for (let a = size - 1; a >= 0; a--) {
    for (let k = a + 1; k < size; k++) out[a]! -= matrix[k * size + a]! * out[k]!;
    out[a]! /= matrix[a * size + a]!;
  }
  return out;
}

/** Linear between values. @param sorted ascending */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const place = p * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/** Bounds that leave a share beyond each end. */
export function bounds(values: Float64Array, share: number): [low: number, high: number] {
  const sorted = values.slice().sort();
  return [quantile(sorted, share), quantile(sorted, 1 - share)];
}

export function clip(values: Float64Array, share: number): Float64Array {
  const [low, high] = bounds(values, share);
  return values.map((value) => Math.min(high, Math.max(low, value)));
}

export function variance(values: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return squares / values.length;
}
