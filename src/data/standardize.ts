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
  const texts = model.kind === 'vector' ? transformsOf(data, dataset) : undefined;
  if (model.kind !== 'vector' || !(data.standardize || texts)) return undefined;
  if (standardization) return standardization;
  const transforms = await withCuts(texts, dataset.train, signal);
  const { size } = dataset.train;
  if (!data.standardize)
    return { mean: Array<number>(size).fill(0), std: Array<number>(size).fill(1), transforms };
  return fitStandardization(dataset.train, columnNames(dataset), signal, transforms);
}

const withoutCut = /(^|:)circular:[^:]+:[^:]+$/;

/** Circles without a cut are cut where the fewest training rows lie, in the middle of the longest such arc. */
async function withCuts(
  texts: Standardization['transforms'],
  split: Split,
  signal: AbortSignal | undefined,
): Promise<Standardization['transforms']> {
  const circles = (columnTransforms({ transforms: texts }) ?? []).flatMap((one, d) => {
    if (!one?.map || !withoutCut.test(texts![d]!)) return [];
    const { low, high } = one.map;
    const arcs = one.integers && high - low <= mostArcs ? high - low : mostArcs;
    return [{ d, low, width: (high - low) / arcs, rows: new Uint32Array(arcs) }];
  });
  if (!texts || circles.length === 0) return texts;
  for await (const block of split.scan(signal ? { signal } : {}))
    for (let at = 0; at < block.length; at += split.size)
      for (const { d, low, width, rows } of circles)
        rows[Math.floor((block[at + d]! - low) / width) % rows.length]! += 1;
  return texts.map((text, d) => {
    const circle = circles.find((one) => one.d === d);
    return circle ? `${text!}:${Math.fround(circle.low + circle.width * emptiest(circle.rows))}` : text;
  });
}

/** How many arcs a circle is counted in. */
const mostArcs = 48;

/** The middle of the longest run of arcs with the fewest rows, which may go over the end. */
function emptiest(rows: Uint32Array): number {
  const fewest = Math.min(...rows);
  let best = { from: 0, length: 0 };
  for (let from = 0; from < rows.length; from++) {
    let length = 0;
    while (length < rows.length && rows[(from + length) % rows.length] === fewest) length++;
    if (length > best.length) best = { from, length };
  }
  return (best.from + Math.floor(best.length / 2)) % rows.length;
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
