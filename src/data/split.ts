import { UserError } from '../config/user-error';
import type { Split } from './dataset';
import { stream } from './random';

export interface SplitOptions {
  /** A fraction below 1, or a count. */
  validation: number;
  splitSeed: number;
  limit?: number;
}

/** A training split needs as many examples for a mean and a deviation. */
const fewest = 2;

/**
 * Holds out a random part of the examples. The same seed gives the same parts. 1,797 examples and a fifth give
 * 1,438 and 359.
 * @throws UserError when too few examples remain for training.
 */
export function holdOut(
  all: Split,
  options: SplitOptions,
  source: string,
): { train: Split; validation: Split } {
  const total = Math.min(all.count, options.limit ?? all.count);
  const held = heldOutCount(total, options.validation);
  if (total - held < fewest) {
    throw new UserError(
      `${source}: too few examples: ${total} in all, ${held} of them held out for validation; ` +
        `expected at least ${fewest} for training. Give more data, or lower data.validation.`,
    );
  }
  const order = stream(options.splitSeed, 'split').permutation(all.count);
  return {
    validation: gather(all, order.subarray(0, held)),
    train: gather(all, order.subarray(held, total)),
  };
}

/** At most `limit` examples, chosen by the seed. */
export function limited(all: Split, limit: number | undefined, splitSeed: number): Split {
  if (limit === undefined || limit >= all.count) return all;
  return gather(all, stream(splitSeed, 'split').permutation(all.count).subarray(0, limit));
}

function heldOutCount(total: number, validation: number): number {
  if (validation === 0) return 0;
  return validation >= 1 ? validation : Math.max(1, Math.round(total * validation));
}

function gather(split: Split, order: Int32Array): Split {
  const size = split.count === 0 ? 0 : split.values.length / split.count;
  const values =
    split.values instanceof Uint8Array
      ? new Uint8Array(order.length * size)
      : new Float32Array(order.length * size);
  for (let i = 0; i < order.length; i++) {
    values.set(split.values.subarray(order[i]! * size, (order[i]! + 1) * size), i * size);
  }
  const labels = split.labels;
  return { count: order.length, values, labels: labels && order.map((index) => labels[index]!) };
}
