/** Rows of numbers, one after the other in an array. */

/** A row of `size` numbers: a view. */
export const rowAt = (rows: Float32Array, size: number, i: number): Float32Array =>
  rows.subarray(i * size, (i + 1) * size);

export const rowsAt = (rows: Float32Array, size: number, indices: readonly number[]): Float32Array =>
  concatenated(indices.map((i) => rowAt(rows, size, i)));

export function concatenated(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Some columns of rows. */
export function columnsAt(rows: Float32Array, size: number, columns: readonly number[]): Float32Array {
  const width = columns.length;
  const place = (i: number): number => Math.floor(i / width) * size + columns[i % width]!;
  return Float32Array.from({ length: (rows.length / size) * width }, (_, i) => rows[place(i)]!);
}

/** A row again and again. */
export const repeated = (row: Float32Array, count: number): Float32Array =>
  concatenated(Array<Float32Array>(count).fill(row));

/** The arrays of some parts as one, by what `pick` makes of two values at the same place. */
export function combined<T>(
  parts: readonly T[],
  of: (part: T) => Float32Array,
  pick: (a: number, b: number) => number,
): Float32Array {
  return parts.map(of).reduce((all, part) => all.map((value, i) => pick(value, part[i]!)));
}

/** The least and the largest finite value of a column; the first is larger where there is none. */
export function extentOf(rows: Float32Array, size: number, column: number): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = column; i < rows.length; i += size) {
    if (!Number.isFinite(rows[i])) continue;
    low = Math.min(low, rows[i]!);
    high = Math.max(high, rows[i]!);
  }
  return [low, high];
}
