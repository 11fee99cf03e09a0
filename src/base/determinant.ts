/** ln|det| of a square matrix [n, n] by LU decomposition with partial pivoting in float64; −Infinity where it is singular. */
export function logAbsDeterminant(values: ArrayLike<number>, n: number): number {
  const a = Float64Array.from(values);
  let sum = 0;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(a[i * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = i;
    }
    const diagonal = a[pivot * n + k]!;
    sum += Math.log(Math.abs(diagonal));
    if (!Number.isFinite(sum)) return sum;
    if (pivot !== k) {
      const row = a.slice(k * n, (k + 1) * n);
      a.copyWithin(k * n, pivot * n, (pivot + 1) * n);
      a.set(row, pivot * n);
    }
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
  const swap = (m: Float64Array, i: number, j: number): void => {
    const row = m.slice(i * n, (i + 1) * n);
    m.copyWithin(i * n, j * n, (j + 1) * n);
    m.set(row, j * n);
  };
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(a[i * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = i;
    }
    if (pivot !== k) for (const m of [a, out]) swap(m, k, pivot);
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
