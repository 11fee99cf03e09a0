/** ln|det| of a square matrix [n, n] by LU decomposition with partial pivoting in float64; −Infinity where it is singular. */
export function logAbsDeterminant(values: ArrayLike<number>, n: number): number {
  const a = Float64Array.from(values);
  let sum = 0;
  for (let k = 0; k < n; k++) {
    swapRows(a, n, k, pivotOf(a, n, k));
    const diagonal = a[k * n + k]!;
    sum += Math.log(Math.abs(diagonal));
    if (!Number.isFinite(sum)) return sum;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / diagonal;
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return sum;
}

/** Inverse of a square matrix [n, n] by elimination with partial pivoting in float64; not finite where it is singular. */
export function inverseOf(values: ArrayLike<number>, n: number): Float64Array {
  const a = Float64Array.from(values);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  for (let k = 0; k < n; k++) {
    const pivot = pivotOf(a, n, k);
    for (const matrix of [a, out]) swapRows(matrix, n, k, pivot);
    const diagonal = a[k * n + k]!;
    for (let j = 0; j < n; j++) {
      a[k * n + j]! /= diagonal;
      out[k * n + j]! /= diagonal;
    }
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + k]!;
      if (i === k || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        a[i * n + j]! -= factor * a[k * n + j]!;
        out[i * n + j]! -= factor * out[k * n + j]!;
      }
    }
  }
  return out;
}

/** A square matrix [n, n] times a vector. */
export function timesVector(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, i) => vector.reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0));
}

/** The row from k on with the largest entry in column k. */
function pivotOf(a: Float64Array, n: number, k: number): number {
  let pivot = k;
  for (let i = k + 1; i < n; i++) {
    if (Math.abs(a[i * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = i;
  }
  return pivot;
}

function swapRows(a: Float64Array, n: number, i: number, j: number): void {
  if (i === j) return;
  const row = a.slice(i * n, (i + 1) * n);
  a.copyWithin(i * n, j * n, (j + 1) * n);
  a.set(row, j * n);
}
