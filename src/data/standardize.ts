import type { RunConfig } from '../config/schema';
import { afterMap, columnTransforms, type Standardization } from '../config/standardization';
import { UserError } from '../base/user-error';
import { mayBeRounded, varies } from '../base/variation';
import { columnNames } from './context';
import type { Dataset, Split } from './dataset';
import { transformsOf } from './transforms';

/**
 * What a run standardizes its vectors by; undefined where it leaves them as they are.
 * @param standardization what the weights were trained with, which stays
 * @throws UserError as `fitStandardization`
 */
export async function standardizationOf(
  { model, data }: RunConfig,
  dataset: Dataset,
  standardization: Standardization | undefined,
  signal?: AbortSignal,
): Promise<Standardization | undefined> {
  const transforms = model.kind === 'vector' ? transformsOf(data, dataset) : undefined;
  if (model.kind !== 'vector' || !(data.standardize || transforms)) return undefined;
  if (standardization) return standardization;
  const { size } = dataset.train;
  if (!data.standardize)
    return { mean: Array<number>(size).fill(0), std: Array<number>(size).fill(1), transforms };
  return fitStandardization(dataset.train, columnNames(dataset), signal, transforms);
}

/**
 * Mean and (population) standard deviation of each feature over the training rows, after its map, in one pass in double
 * precision (B. Welford, 1962).
 * @throws UserError naming a feature that does not vary
 */
export async function fitStandardization(
  split: Split,
  names?: readonly string[],
  signal?: AbortSignal,
  transforms?: Standardization['transforms'],
): Promise<Standardization> {
  const maps = columnTransforms({ transforms });
  const { size } = split;
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  const min = new Float64Array(size).fill(Infinity);
  const max = new Float64Array(size).fill(-Infinity);
  let count = 0;
  for await (const block of split.scan(signal ? { signal } : {})) {
    for (let at = 0; at < block.length; at += size) {
      count++;
      for (let d = 0; d < size; d++) {
        const value = afterMap(maps?.[d], block[at + d]!);
        const distance = value - mean[d]!;
        mean[d]! += distance / count;
        squares[d]! += distance * (value - mean[d]!);
        if (value < min[d]!) min[d] = value;
        if (value > max[d]!) max[d] = value;
      }
    }
  }
  const std = Array.from(squares, (sum) => Math.sqrt(sum / count));
  const spreads = std.map((deviation, d) => ({ min: min[d]!, max: max[d]!, std: deviation }));
  const constant = spreads.findIndex((spread) => !varies(spread));
  if (constant >= 0) {
    const column = `Column ${names?.[constant] === undefined ? constant : `"${names[constant]}"`}`;
    const value = Math.fround(mean[constant]!);
    throw new UserError(
      mayBeRounded(spreads[constant]!)
        ? `${column} varies too little beside its size, which is about ${Number(value.toPrecision(3))}, for float32 to tell its values apart. ` +
            'Subtract what all have in common first, or leave it out (--exclude, data.exclude).'
        : `${column} does not vary: it is ${value} in all ${count} training rows. A density needs columns that vary; ` +
            'leave it out (--exclude, data.exclude).',
    );
  }
  return { mean: [...mean], std, ...(transforms ? { transforms } : {}) };
}
