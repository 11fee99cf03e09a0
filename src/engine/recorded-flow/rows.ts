/** Rows of recorded arrays: found again by their bytes, since views hand around the values of examples. */
import { range } from '../../base/order';
import { rowAt as viewAt, rowsAt } from '../../base/rows';
import { sizeOf } from '../../base/shape';
import { interleave } from '../../data/context';
import type { Rows, Recording } from '../../checkpoint/recording/read';
import { UserError } from '../../base/user-error';

/** Values of one row. */
export function rowSize({ shape }: Rows): number {
  return sizeOf(shape.slice(1));
}

export function rowAt(rows: Rows, index: number): Float32Array {
  return viewAt(rows.data, rowSize(rows), index);
}

/** The rows of `indices` one after the other. */
export function gathered(rows: Rows, indices: readonly number[]): Float32Array {
  return rowsAt(rows.data, rowSize(rows), indices);
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
    const found = range(count).map((i) => places().get(bytesOf(viewAt(values, size, i))));
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

/** Rows, and the recording that holds them. */
export interface Found {
  recording: Recording;
  indices: number[];
}

export interface Finders {
  /** Examples by x. @throws UserError where one is not to be had */
  examples(values: Float32Array, count: number, context?: Rows): Promise<Found>;
  /** Samples by z. @throws UserError where one is not to be had */
  samples(values: Float32Array, count: number, context?: Rows): Promise<Found>;
}

interface RecordedFinders extends Finders {
  holdsExamples(values: Float32Array, count: number, context?: Rows): boolean;
  holdsSamples(values: Float32Array, count: number): boolean;
}

export function finderOf(recording: Recording): RecordedFinders {
  const { file, x, count: recorded, samples, context: contexts } = recording;
  const example = exampleFinder(x, contexts);
  const drawn = samples && rowFinder(samples.z);
  return {
    holdsExamples: (...of) => example(...of) !== undefined,
    holdsSamples: (values, count) => drawn?.(values, count) !== undefined,
    async examples(...of) {
      const indices = example(...of);
      if (indices) return { recording, indices };
      throw new UserError(
        `${file}: is a recording of ${recorded} examples, and this is none of them. What the flow does to others was not recorded: ` +
          'record it with them.',
      );
    },
    async samples(values, count) {
      const indices = drawn?.(values, count);
      if (indices) return { recording, indices };
      throw new UserError(
        `${file}: is a recording, which leads from z to x for its own samples only. Choose one of these.`,
      );
    },
  };
}
