/** Rows of recorded arrays: found again by their bytes, since views hand around the values of examples. */
import { sizeOf } from '../../base/shape';
import type { Rows } from '../../checkpoint/recording/read';

/** Values of one row. */
export function rowSize({ shape }: Rows): number {
  return sizeOf(shape.slice(1));
}

export function rowAt(rows: Rows, index: number): Float32Array {
  const size = rowSize(rows);
  return rows.data.subarray(index * size, (index + 1) * size);
}

/** The rows of `indices` one after the other. */
export function gathered(rows: Rows, indices: readonly number[]): Float32Array {
  const size = rowSize(rows);
  const out = new Float32Array(indices.length * size);
  indices.forEach((index, i) => out.set(rowAt(rows, index), i * size));
  return out;
}

/** One number a row. */
export function picked(values: Float32Array, indices: readonly number[]): Float32Array {
  return Float32Array.from(indices, (index) => values[index]!);
}

const bytesOf = (row: Float32Array): string =>
  Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('latin1');

/**
 * Finds rows that are among the recorded ones. @throws what `otherwise` makes for one that is not
 */
export function rowFinder(
  rows: Rows,
  otherwise: () => Error,
): (values: Float32Array, count: number) => number[] {
  const size = rowSize(rows);
  let known: Map<string, number> | undefined;
  const places = (): Map<string, number> => {
    if (known) return known;
    known = new Map();
    // Backward, so that the first of equal rows stays.
    for (let i = rows.shape[0]! - 1; i >= 0; i--) known.set(bytesOf(rowAt(rows, i)), i);
    return known;
  };
  return (values, count) =>
    Array.from({ length: count }, (_, i) => {
      const found = places().get(bytesOf(values.subarray(i * size, (i + 1) * size)));
      if (found === undefined) throw otherwise();
      return found;
    });
}
