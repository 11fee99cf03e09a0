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
