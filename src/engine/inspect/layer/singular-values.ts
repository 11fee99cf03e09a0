import { breathe } from '../../model/breathe';

/** Columns count as orthogonal below this cosine. */
const precision = 1e-12;
const mostSweeps = 40;

/**
 * Singular values of a square matrix [n, n], falling, by one-sided Jacobi rotations in float64 (Hestenes 1958): pairs of
 * columns are turned until all are orthogonal; their lengths are the values. NaN where the matrix is not finite.
 * @throws CancelledError
 */
export async function singularValues(
  values: ArrayLike<number>,
  n: number,
  signal: AbortSignal,
): Promise<Float64Array> {
  const lengths = new Float64Array(n);
  if (!Array.from(values).every(Number.isFinite)) return lengths.fill(NaN);
  // Column by column, so that each lies together.
  const columns = Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: n }, (_x, i) => values[i * n + j]!),
  );
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    await breathe(signal);
    if (!turnPairs(columns)) break;
  }
  columns.forEach((column, j) => (lengths[j] = Math.hypot(...column)));
  return lengths.sort().reverse();
}

/** Turns each pair of columns to be orthogonal. Whether any had to be. */
function turnPairs(columns: readonly Float64Array[]): boolean {
  let turned = false;
  for (let p = 0; p < columns.length; p++) {
    for (let q = p + 1; q < columns.length; q++) {
      const [a, b] = [columns[p]!, columns[q]!];
      let [aa, bb, ab] = [0, 0, 0];
      for (let i = 0; i < a.length; i++) {
        aa += a[i]! * a[i]!;
        bb += b[i]! * b[i]!;
        ab += a[i]! * b[i]!;
      }
      if (Math.abs(ab) <= precision * Math.sqrt(aa * bb)) continue;
      turned = true;
      const zeta = (bb - aa) / (2 * ab);
      const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const cosine = 1 / Math.sqrt(1 + t * t);
      const sine = cosine * t;
      for (let i = 0; i < a.length; i++) {
        const [x, y] = [a[i]!, b[i]!];
        a[i] = cosine * x - sine * y;
        b[i] = sine * x + cosine * y;
      }
    }
  }
  return turned;
}
