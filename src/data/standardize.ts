import type { Standardization } from '../config/standardization';
import { UserError } from '../base/user-error';
import type { Split } from './dataset';

/** A deviation below this share of the values' magnitude is rounding, not variation. */
const relativeFloor = 1e-6;

/**
 * Mean and (population) standard deviation of each feature over the training rows, in one pass in double precision
 * (B. Welford, 1962).
 * @throws UserError naming a feature that does not vary
 */
export async function fitStandardization(
  split: Split,
  names?: readonly string[],
  signal?: AbortSignal,
): Promise<Standardization> {
  const { size } = split;
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  const largest = new Float64Array(size);
  let count = 0;
  for await (const block of split.scan(signal ? { signal } : {})) {
    for (let at = 0; at < block.length; at += size) {
      count++;
      for (let d = 0; d < size; d++) {
        const value = block[at + d]!;
        const distance = value - mean[d]!;
        mean[d]! += distance / count;
        squares[d]! += distance * (value - mean[d]!);
        const magnitude = Math.abs(value);
        if (magnitude > largest[d]!) largest[d] = magnitude;
      }
    }
  }
  const std = Array.from(squares, (sum) => Math.sqrt(sum / count));
  const constant = std.findIndex((deviation, d) => !(deviation > relativeFloor * largest[d]!));
  if (constant >= 0) {
    throw new UserError(
      `Column ${names?.[constant] === undefined ? constant : `"${names[constant]}"`} does not vary: it is ` +
        `${Math.fround(mean[constant]!)} in all ${count} training rows. A density needs columns that vary; leave it out ` +
        '(--exclude, data.exclude).',
    );
  }
  return { mean: [...mean], std };
}
