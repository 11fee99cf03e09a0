/** Finds examples and samples in a recording by their values. */
import { UserError } from '../../base/user-error';
import type { Recording, Rows } from '../../checkpoint/recording/read';
import { exampleFinder, rowFinder } from './rows';

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

export interface RecordedFinders extends Finders {
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
