/** Enough linear algebra for tests: the log of the absolute determinant, in float64, by LU with partial pivoting. */
export function logAbsDeterminant(matrix: readonly (readonly number[])[]): number {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  let sum = 0;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[pivot]![k]!)) pivot = i;
    [a[k], a[pivot]] = [a[pivot]!, a[k]!];
    const diagonal = a[k]![k]!;
    sum += Math.log(Math.abs(diagonal));
    for (let i = k + 1; i < n; i++) {
      const factor = a[i]![k]! / diagonal;
      for (let j = k; j < n; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  return sum;
}
