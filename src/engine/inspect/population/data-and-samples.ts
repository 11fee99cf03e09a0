/** Measures how far samples of a flow are from its data, feature by feature and all together. */
import { range } from '../../../base/order';
import { columnsAt, concatenated, rowAt, rowsAt } from '../../../base/rows';
import { subscript } from '../../../base/digits';
import type { Standardization } from '../../../config/standardization';
import { UserError } from '../../../base/user-error';
import { splitContext } from '../../../data/context';
import { spread, type Dataset } from '../../../data/dataset';
import { createFeatureStatistics } from '../../../data/feature-statistics';
import { stream } from '../../../data/random';
import {
  allowedDistance,
  sampleLimits,
  type DataAndSamples,
  type FeatureComparison,
  type PixelMoments,
  type Remedy,
  type SharedHistogram,
} from '../../../protocol/data-and-samples';
import type { ValueFinding } from '../../../protocol/data';
import { dequantize } from '../../model/inputs';
import { exampleShape } from '../../model/latents';
import { sample } from '../../use/sample';
import { differenceBand, energyDistance, largestDifference, ranksOf } from '../../use/two-samples';
import { lookedAt } from './diagnostics';
import type { Inquiry, SharedInquiry } from '../inquiry';

export type Comparison = Omit<DataAndSamples, 'finding'>;

const seed = 0;
/** Rows of numbers of each set; of those with many features, and of images, as many as `lookedAt` says. */
const mostRows = 2000;
const manyFeatures = 64;
/** Fewer say nothing. */
const fewestRows = 10;
/** Training rows that are read for the smallest and the largest values. */
const rowsOfRange = 5000;
/** The matrix of distances is the square of their sum. */
const inEnergy = 500;
const inPoints = 400;
const featuresOfPoints = 6;
/** Most features in an answer. */
const mostFeatures = 24;
const bins = 36;
/** A tail is heavy where the largest value is so many times the median. */
const tailRatio = 1000;
/** A linear axis shows nothing where it is so many times as long as the distance of the quartiles. */
const longAxis = 20;
/** Share of the samples at each end that no axis has to show. */
const trim = 0.005;

/**
 * Validation data, or else training data, beside samples at temperature 1. Null for a flow without data. It is shared by all who ask.
 * @throws UserError where there are too few examples, or no way from z to x; CancelledError
 */
export async function compareSamples({ model, work, signal }: SharedInquiry): Promise<Comparison | null> {
  const { splits } = await model.data.splits();
  const split = splits.find(({ name }) => name === 'validation') ?? splits[0];
  if (!split) return null;
  return work.run('data and samples', signal, (inner) => compare({ model, signal: inner }, split.name));
}

interface Sets {
  size: number;
  /** [n, size] */
  data: Float32Array;
  /** [m, size], finite */
  samples: Float32Array;
  n: number;
  m: number;
  /** Maps that keep the samples of a feature inside. */
  maps?: Standardization['transforms'];
}

async function compare({ model, signal }: Inquiry, split: 'train' | 'validation'): Promise<Comparison> {
  const dataset = await model.data.open();
  const isTable = model.config.kind === 'vector';
  const most = isTable && model.dimensions <= manyFeatures ? mostRows : lookedAt(model);
  const rows = spread(most, dataset[split].count);
  const n = rows.length;
  if (n < fewestRows) throw new UserError(`There are only ${n} ${split} examples to compare samples with.`);
  const { features: data, context } = splitContext(await dataset[split].read(rows, { signal }), dataset);
  // Integers of a table are compared as they are, with samples that are rounded down.
  if (!model.rawPixels) dequantize(data, { config: model.config }, stream(seed, 'data-and-samples', 'noise'));
  // As many conditions as samples: each example's own, again and again.
  const contexts = context && repeated(context, context.length / n, most);
  const query = { count: most, seed, temperature: 1 };
  const drawn = (await sample(model.runner, query, { signal, context: contexts })).x.data;
  const size = data.length / n;
  const samples = finiteRows(drawn, size);
  const m = samples.length / size;
  const sets: Sets = { size, data, samples, n, m, maps: model.standardization?.transforms };
  const common = { split, examples: n, samples: most, nonFinite: most - m };
  if (m < fewestRows) {
    const energy = { distance: NaN, band: NaN, allowed: NaN };
    return { ...common, features: [], featureCount: isTable ? size : 0, band: NaN, energy };
  }
  const band = differenceBand(n, m, 1 - (1 - sampleLimits.level) / size);
  const all = isTable ? await featuresOf(dataset, sets, band, signal) : [];
  const farthest = all.toSorted((a, b) => outsideOf(b) - outsideOf(a) || b.distance - a.distance);
  const shown = new Set(farthest.slice(0, mostFeatures));
  return {
    ...common,
    features: all.filter((one) => shown.has(one)),
    featureCount: all.length,
    band,
    energy: await energyOf(sets, isTable, signal),
    ...(isTable ? pointsOf(sets, farthest) : { pixels: pixelsOf(sets, exampleShape(model.runner)) }),
  };
}

function repeated(values: Float32Array, size: number, count: number): Float32Array {
  return Float32Array.from({ length: count * size }, (_, i) => values[i % values.length]!);
}

function finiteRows(rows: Float32Array, size: number): Float32Array {
  const all = range(rows.length / size);
  return rowsAt(
    rows,
    size,
    all.filter((i) => rowAt(rows, size, i).every(Number.isFinite)),
  );
}

const outsideOf = ({ below, above }: FeatureComparison): number =>
  below + above > sampleLimits.outside.notice ? below + above : 0;

async function featuresOf(
  dataset: Dataset,
  { size, data, samples, n, m, maps }: Sets,
  band: number,
  signal: AbortSignal,
): Promise<FeatureComparison[]> {
  const { train, featureNames } = dataset;
  const others = await train.read(spread(rowsOfRange, train.count), { signal });
  const statistics = createFeatureStatistics(size);
  statistics.add(data);
  statistics.add(splitContext(others, dataset).features);
  const rows = n + others.length / train.size;
  const names = (d: number): string => featureNames?.[d] ?? `x${subscript(d + 1)}`;
  // That so large a share lies outside of as many values of the same distribution has a chance of 1%.
  const byChance = 2 * (1 - ((1 - sampleLimits.level) / 2) ** (1 / rows));
  return statistics.finish(names, rows).map((found, d): FeatureComparison => {
    const { name, min: smallest, max: largest, findings = [] } = found;
    const few = findings.find((one) => one.kind === 'few values');
    const dataColumn = columnsAt(data, size, [d]).sort();
    const sampleColumn = columnsAt(samples, size, [d]).sort();
    // Half a step outside of whole numbers is still the outermost of them.
    const slack = few ? 0.5 : 0;
    const shareOf = (is: (value: number) => boolean): number => sampleColumn.filter(is).length / m;
    const below = shareOf((value) => value < smallest - slack);
    const above = shareOf((value) => value > largest + slack);
    const distance = largestDifference(
      dataColumn,
      few ? sampleColumn.map((value) => nearestOf(dataColumn, value)) : sampleColumn,
    );
    const median = found.quartiles?.[1] ?? dataColumn[n >> 1]!;
    const heavyTail =
      findings.some((one) => one.kind === 'heavy tail') || (median > 0 && largest > tailRatio * median);
    const { notice, error } = sampleLimits.outside;
    const outside = below + above;
    const isOutside = outside > Math.max(notice, byChance);
    const isLarge = (isOutside && outside > error) || distance > band + sampleLimits.distance.error;
    const sign = isLarge ? 'error' : isOutside || distance > allowedDistance(band) ? 'notice' : 'ok';
    const facts = { below, above, smallest, heavyTail, findings };
    return {
      ...{ feature: d, name, sign, distance, below, above, smallest, median, largest },
      ...(heavyTail ? { heavyTail } : {}),
      ...(few ? { distinct: few.distinct } : {}),
      ...(sign === 'ok' ? {} : { remedy: maps?.[d] ? { kind: 'train' } : remedyOf(facts) }),
      histogram: histogramOf(dataColumn, sampleColumn),
    };
  });
}

/** @param sorted of the data, ascending */
function nearestOf(sorted: Float32Array, value: number): number {
  let [from, to] = [0, sorted.length - 1];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! <= value) from = middle;
    else to = middle;
  }
  return value - sorted[from]! <= sorted[to]! - value ? sorted[from]! : sorted[to]!;
}

function remedyOf({
  below,
  above,
  smallest,
  heavyTail,
  findings,
}: Pick<FeatureComparison, 'below' | 'above' | 'smallest'> & {
  heavyTail: boolean;
  findings: readonly ValueFinding[];
}): Remedy {
  const { notice } = sampleLimits.outside;
  for (const one of findings) {
    if (one.kind === 'row number') return { kind: 'leave out' };
    if (one.kind === 'few values') return { kind: 'few values', distinct: one.distinct };
  }
  const log: Remedy = { kind: 'log', plus: smallest > 0 ? 0 : 1 };
  if (heavyTail && smallest >= 0) return log;
  const hasBoth = findings.some((one) => one.kind === 'limits' && one.low && one.high);
  if (hasBoth && below + above > notice) return { kind: 'logit' };
  return below > notice && smallest >= 0 ? log : { kind: 'train' };
}

/** @param data ascending, as `samples` */
function histogramOf(data: Float32Array, samples: Float32Array): SharedHistogram {
  const at = (sorted: Float32Array, share: number): number =>
    sorted[Math.round(share * (sorted.length - 1))]!;
  let low = Math.min(data[0]!, at(samples, trim));
  let high = Math.max(data.at(-1)!, at(samples, 1 - trim));
  const quartiles = at(data, 0.75) - at(data, 0.25);
  const unit =
    quartiles > 0 && high - low > longAxis * quartiles
      ? at(data.map(Math.abs).sort(), 0.25) || quartiles
      : undefined;
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const to = (value: number): number => (unit === undefined ? value : Math.asinh(value / unit));
  const from = (place: number): number => (unit === undefined ? place : unit * Math.sinh(place));
  const start = to(low);
  const step = (to(high) - start) / bins;
  const shares = (values: Float32Array): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) {
      if (value < low || value > high) continue;
      counts[Math.min(bins - 1, Math.floor((to(value) - start) / step))]!++;
    }
    return counts.map((count) => count / values.length);
  };
  return {
    edges: Array.from({ length: bins + 1 }, (_, i) => from(start + i * step)),
    data: shares(data),
    samples: shares(samples),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** Some rows of a set, spread evenly over it. */
const someOf = (rows: Float32Array, size: number, most: number): Float32Array =>
  rowsAt(rows, size, spread(most, rows.length / size));

async function energyOf(
  { size, data, samples }: Sets,
  isTable: boolean,
  signal: AbortSignal,
): Promise<Comparison['energy']> {
  const [dataRows, sampleRows] = [someOf(data, size, inEnergy), someOf(samples, size, inEnergy)];
  const pooled = concatenated([dataRows, sampleRows]);
  const { distance, band } = await energyDistance(
    isTable ? ranksOf(pooled, size) : pooled,
    size,
    dataRows.length / size,
    { draw: stream(seed, 'data-and-samples', 'relabel'), level: sampleLimits.level, signal },
  );
  return { distance, band, allowed: band + (isTable ? sampleLimits.energy : 0) };
}

function pointsOf(
  { size, data, samples }: Sets,
  farthest: readonly FeatureComparison[],
): Pick<Comparison, 'points'> {
  if (size < 2) return {};
  const features = farthest.slice(0, featuresOfPoints).map(({ feature }) => feature);
  features.sort((a, b) => a - b);
  const rowsOf = (rows: Float32Array) => {
    const some = someOf(rows, size, inPoints);
    return { shape: [some.length / size, features.length], data: columnsAt(some, size, features) };
  };
  return { points: { features, data: rowsOf(data), samples: rowsOf(samples) } };
}

function pixelsOf({ size, data, samples }: Sets, shape: number[]): NonNullable<Comparison['pixels']> {
  const momentsOf = (rows: Float32Array): PixelMoments => {
    const count = rows.length / size;
    const mean = new Float64Array(size);
    const squares = new Float64Array(size);
    rows.forEach((value, i) => (mean[i % size]! += value / count));
    rows.forEach((value, i) => (squares[i % size]! += (value - mean[i % size]!) ** 2 / count));
    return {
      mean: { shape, data: Float32Array.from(mean) },
      deviation: { shape, data: Float32Array.from(squares, Math.sqrt) },
    };
  };
  return { data: momentsOf(data), samples: momentsOf(samples) };
}
