/** Rows of recorded arrays: found again by their bytes, since views hand around the values of examples. */
import { sizeOf } from '../../base/shape';
import { interleave } from '../../data/context';
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

/** One character for each byte. It has no state, so that one serves all. */
const decoder = new TextDecoder('latin1');

const bytesOf = (row: Float32Array): string => decoder.decode(row);

/** Finds rows among the recorded ones; undefined where one of them is not. */
export function rowFinder(rows: Rows): (values: Float32Array, count: number) => number[] | undefined {
  const size = rowSize(rows);
  let known: Map<string, number> | undefined;
  const places = (): Map<string, number> => {
    if (known) return known;
    known = new Map();
    // Backward, so that the first of equal rows stays.
    for (let i = rows.shape[0]! - 1; i >= 0; i--) known.set(bytesOf(rowAt(rows, i)), i);
    return known;
  };
  return (values, count) => {
    const found = Array.from({ length: count }, (_, i) =>
      places().get(bytesOf(values.subarray(i * size, (i + 1) * size))),
    );
    return found.every((place) => place !== undefined) ? found : undefined;
  };
}

/** The same for rows that belong to contexts: only one that has both is found, where a context is given. */
export function exampleFinder(
  rows: Rows,
  contexts: Rows | undefined,
): (values: Float32Array, count: number, context?: Rows) => number[] | undefined {
  const alone = rowFinder(rows);
  if (!contexts) return alone;
  const both = rowFinder(beside(rows, contexts));
  return (values, count, context) => {
    if (!context) return alone(values, count);
    return both(beside({ shape: [count, rowSize(rows)], data: values }, context).data, count);
  };
}

export function beside(first: Rows, second: Rows): Rows {
  const [a, b] = [rowSize(first), rowSize(second)];
  return { shape: [first.shape[0]!, a + b], data: interleave(first.data, a, second.data, b) };
}
