/**
 * Calibration of a conditional flow: whether its samples for a context are distributed as the examples that come with it.
 *
 * - Simulation-based calibration: ranks of each true feature among samples (Talts et al. 2018, arXiv:1804.06788).
 * - Expected coverage of regions of highest density: ranks of the log-density (Hermans et al. 2022, arXiv:2110.06581).
 * - TARP: ranks of the distance from a reference point (Lemos et al. 2023, arXiv:2302.03026). Reference points that go by the context
 *   make it find a flow that ignores its context, which the others cannot.
 */
import { countNonFinite } from '../../base/finite';
import { several, UserError } from '../../base/user-error';
import { sizeOf } from '../../base/shape';
import { stream } from '../../data/random';
import type { Calibration, CoverageLevel } from '../../protocol/calibration';
import { batchSize, type BatchOptions, decodeLatents } from '../model/latents';
import { breathe } from '../model/breathe';
import type { OpenedRunner } from '../model/opened-runner';
import type { FlowRunner } from '../model/runner';
import { binomialBand, rankTest } from './rank-statistics';
import { scoreRows, examplesToScore, type ExampleChoice } from './score';

/** Chance that a calibrated flow is called off in any of its tests. */
const significance = 0.01;
/** Below, tests, p-values and bands say next to nothing. */
export const fewestPairs = 10;
const levels = [0.5, 0.68, 0.9, 0.95];

/** Examples with their contexts, in data units. */
export interface Pairs {
  count: number;
  /** Their numbers in the file or split, of which they are a choice. */
  order?: Int32Array;
  /** [count, D] */
  x: Float32Array;
  /** [count, C]; empty for flows that take no condition. */
  context: Float32Array;
}

/** A flow that is run in both directions, by one runner or two. */
export interface RunBothWays {
  forward: FlowRunner;
  inverse: FlowRunner;
}

/** @throws UserError in words for a flow that takes no context, or that computes no likelihood */
export function checkCalibratable({ runner, file }: Pick<OpenedRunner, 'runner' | 'file'>): void {
  if (!runner.context) {
    throw new UserError(
      `${file}: this flow takes no condition. calibrate compares samples for each condition with the example that comes with it; ` +
        'for other flows use score on held-out examples, or diagnose.',
    );
  }
  if (runner.lacksLogDet)
    throw new UserError(`${file}: computes no log-det, so there is no likelihood. Use another file.`);
}

/**
 * Pairs of a file or split; where there are more than `most`, a random choice of that many.
 * @throws UserError for too few examples, and as `examplesToScore` does
 */
export async function readPairs(
  opened: OpenedRunner,
  choice: Omit<ExampleChoice, 'space'>,
  most: number,
): Promise<Pairs> {
  const examples = await examplesToScore(opened, { ...choice, space: 'data' });
  const order = choosePairs(examples.count, most, choice.seed, choice.input ?? `--split ${choice.split}`);
  const count = order.length;
  const features = sizeOf(opened.runner.inputShape);
  const mean = opened.runner.context?.mean ?? [];
  const x = new Float32Array(count * features);
  const context = new Float32Array(count * mean.length);
  for (const [i, index] of order.entries()) {
    x.set(await examples.inputs(0, index, 1), i * features);
    context.set((await examples.contexts?.(index, 1)) ?? mean, i * mean.length);
  }
  return { count, order, x, context };
}

/**
 * Numbers of at most `most` of `total` examples, by chance, in order.
 * @param name of what holds them, for messages
 * @throws UserError for too few
 */
export function choosePairs(total: number, most: number, seed: number, name: string): Int32Array {
  const count = Math.min(most, total);
  if (count < fewestPairs)
    throw new UserError(`${name}: holds ${several(total, 'example')}; ${fewestPairs} are needed at least.`);
  return stream(seed, 'calibrate-pairs').permutation(total).subarray(0, count).sort();
}

export interface CalibrateOptions extends BatchOptions {
  /** Samples for each pair. */
  draws: number;
  seed: number;
  /** Names of the features. */
  names?: readonly string[] | undefined;
}

/** @throws CancelledError */
export async function calibrate(
  ways: RunBothWays,
  pairs: Pairs,
  options: CalibrateOptions,
): Promise<Calibration> {
  let ranks: Ranks | undefined;
  for await (const now of rankPairs(ways, pairs, options)) {
    ranks = now;
    options.onProgress?.(now.done, pairs.count);
  }
  return testRanks(ranks!, options);
}

/** Ranks of the pairs so far. */
export interface Ranks {
  done: number;
  features: Int32Array[];
  coverage: Int32Array;
  tarp: Int32Array;
  /** Values of samples, and log-densities, that are not finite. */
  nonFinite: number;
}

/** Ranks pair by pair, with a stop after each batch: the yielded ranks grow. @throws CancelledError */
export async function* rankPairs(
  { forward, inverse }: RunBothWays,
  { count, x, context }: Pairs,
  { draws, seed, signal }: CalibrateOptions,
): AsyncGenerator<Ranks> {
  const size = sizeOf(forward.inputShape);
  const ofContext = context.length / count;
  const ranks = {
    features: Array.from({ length: size }, () => new Int32Array(count)),
    coverage: new Int32Array(count),
    tarp: new Int32Array(count),
  };
  const ranges = rangesOf(x, size);
  const references = referencesOf({ count, x, context }, seed);
  const batches = signal ? { signal } : {};
  const density = async (values: Float32Array, contexts: Float32Array, n: number): Promise<Float64Array> => {
    const { nats } = await scoreRows(forward, { x: values, count: n, context: contexts }, batches);
    return nats.map((value) => -value);
  };
  const ofTruth = await density(x, context, count);
  let nonFinite = countNonFinite(ofTruth);

  const together = Math.max(1, Math.floor(batchSize(inverse) / draws));
  for (let start = 0; start < count; start += together) {
    await breathe(signal);
    const pairs = Math.min(together, count - start);
    const n = pairs * draws;
    const contexts = new Float32Array(n * ofContext);
    const noise = new Float32Array(n * inverse.base.noise);
    for (let i = 0; i < pairs; i++) {
      const row = context.subarray((start + i) * ofContext, (start + i + 1) * ofContext);
      for (let k = 0; k < draws; k++) contexts.set(row, (i * draws + k) * ofContext);
      const values = stream(seed, 'calibrate', start + i).normal(draws * inverse.base.noise);
      noise.set(values, i * draws * inverse.base.noise);
    }
    const z = await inverse.base.draw(noise, n, 1, contexts);
    const { data: samples } = await decodeLatents(inverse, z, n, { ...batches, context: contexts });
    const densities = await density(samples, contexts, n);
    nonFinite += countNonFinite(samples) + countNonFinite(densities);

    for (let i = 0; i < pairs; i++) {
      const pair = start + i;
      const ties = stream(seed, 'calibrate-ties', pair);
      const rank = (before: (k: number) => number): number =>
        rankOf(draws, before, (most) => ties.integer(most));
      const truth = x.subarray(pair * size, (pair + 1) * size);
      const at = (k: number): number => (i * draws + k) * size;
      ranks.features.forEach((featureRanks, d) => {
        featureRanks[pair] = rank((k) => truth[d]! - samples[at(k) + d]!);
      });
      ranks.coverage[pair] = rank((k) => difference(densities[i * draws + k]!, ofTruth[pair]!));
      const point = references(pair);
      const truthDistance = distance(ranges, point, truth, 0);
      ranks.tarp[pair] = rank((k) => truthDistance - distance(ranges, point, samples, at(k)));
    }
    yield { ...ranks, done: start + pairs, nonFinite };
  }
}

/** The tests of the pairs so far, of which there is one at least. */
export function testRanks(
  { done, features, coverage: byDensity, tarp, nonFinite }: Ranks,
  { draws, seed, names }: CalibrateOptions,
): Calibration {
  const threshold = significance / (features.length + 2);
  const jitter = (name: string | number): Float32Array =>
    stream(seed, 'calibrate-places', name).uniform(done);
  const first = (ranks: Int32Array): Int32Array => ranks.slice(0, done);
  const coverage = rankTest(first(byDensity), draws, jitter('coverage'), { reading: 'density', threshold });
  return {
    ...{ pairs: done, draws, threshold, nonFinite },
    features: features.map((featureRanks, d) => ({
      ...{ name: names?.[d] ?? `x${d}`, feature: d },
      ...rankTest(first(featureRanks), draws, jitter(d), { reading: 'feature', threshold }),
    })),
    coverage: { ...coverage, levels: levels.map((level) => coverageAt(coverage.places, level)) },
    tarp: rankTest(first(tarp), draws, jitter('tarp'), { reading: 'distance', threshold }),
  };
}

/** How many of the samples are before the truth; ties are broken by chance. @param before positive for those */
function rankOf(draws: number, before: (k: number) => number, chance: (most: number) => number): number {
  let rank = 0;
  let ties = 0;
  for (let k = 0; k < draws; k++) {
    const sign = before(k);
    if (sign > 0) rank++;
    else if (sign === 0) ties++;
  }
  return ties === 0 ? rank : rank + chance(ties + 1);
}

/** Both may be −∞: outside of where the flow is defined. */
const difference = (a: number, b: number): number => (a === b ? 0 : a - b);

function coverageAt(places: Float64Array, level: number): CoverageLevel {
  const n = places.length;
  const [low, high] = binomialBand(n, level);
  const found = places.reduce((sum, place) => sum + (place < level ? 1 : 0), 0);
  return { level, found: found / n, low: low / n, high: high / n };
}

/** From the lowest to the highest value of each feature; 0 for one that is the same in all pairs. */
function rangesOf(x: Float32Array, size: number): Float64Array {
  const low = new Float64Array(size).fill(Infinity);
  const high = new Float64Array(size).fill(-Infinity);
  x.forEach((value, i) => {
    low[i % size] = Math.min(low[i % size]!, value);
    high[i % size] = Math.max(high[i % size]!, value);
  });
  return high.map((value, d) => value - low[d]!);
}

/** Most earlier pairs that are searched for the one with the nearest context. */
const mostEarlier = 1000;

/**
 * The reference point of each pair: in a random order of pairs, the true x of the one before it whose context is nearest. It says nothing
 * of the x of its own pair that the context does not, so the ranks of a calibrated flow are uniform and independent.
 */
function referencesOf({ count, x, context }: Pairs, seed: number): (pair: number) => Float32Array {
  const [size, ofContext] = [x.length / count, context.length / count];
  const order = stream(seed, 'calibrate-tarp').permutation(count);
  const ranges = rangesOf(context, ofContext);
  const nearest = new Int32Array(count);
  order.forEach((pair, place) => {
    const row = context.subarray(pair * ofContext, (pair + 1) * ofContext);
    let least = Infinity;
    for (const earlier of order.subarray(0, Math.min(place, mostEarlier))) {
      const between = distance(ranges, row, context, earlier * ofContext);
      if (between < least) [least, nearest[pair]] = [between, earlier];
    }
  });
  // None is before the first, which is measured from any fixed point.
  const first = order[0]!;
  const origin = new Float32Array(size);
  return (pair) => (pair === first ? origin : x.subarray(nearest[pair]! * size, (nearest[pair]! + 1) * size));
}

/** Squared, each feature in units of its range. */
function distance(
  ranges: Float64Array,
  point: ArrayLike<number>,
  values: Float32Array,
  from: number,
): number {
  let sum = 0;
  for (let d = 0; d < point.length; d++) {
    const unit = ranges[d] === 0 ? 1 : ranges[d]!;
    sum += ((values[from + d]! - point[d]!) / unit) ** 2;
  }
  return sum;
}
