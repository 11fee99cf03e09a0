/**
 * A flow held against examples, where no target is known. In a right flow the latents of examples are draws of the base, whatever the
 * condition; latents show differences that are too thin to see in the examples themselves.
 *
 * - Classifier two-sample test, C2ST (Lopez-Paz and Oquab 2017, arXiv:1610.06545), of latents and of examples.
 * - The same at single observations, L-C2ST (Linhart et al. 2023, arXiv:2306.03580).
 * - Energy distance, an MMD (Sejdinovic et al. 2013, Annals of Statistics 41), and sliced Wasserstein distance.
 */
import { range } from '../../base/order';
import { columnsAt, concatenated, repeated, rowAt, rowsAt } from '../../base/rows';
import { UserError } from '../../base/user-error';
import { spread } from '../../data/dataset';
import { stream } from '../../data/random';
import type { CheckReport, ExamplesReport, ExamplesTest, LocalTest, Recovery } from '../../protocol/check';
import type { Backend } from '../backends/backend';
import { breathe } from '../model/breathe';
import { decodeLatents, encodeExamples } from '../model/latents';
import type { Pairs, RunBothWays } from '../use/calibrate';
import { amongOthers, energyDistance, slicedDistance } from '../use/two-samples';
import { trainClassifiers, type Rows } from './classifier';
import { examplesFindings } from './examples-findings';
import { openPrior } from './prior';
import { checkValues, densitiesIn } from './weigh';
import { variance } from './regression';

export interface AgainstOptions {
  ways: RunBothWays;
  backend: Pick<Backend, 'compile'>;
  examples: Pairs;
  seed: number;
  names: readonly string[];
  /** Where draws may lie, as `openPrior` takes it, which waits `timeout` seconds for a function. */
  prior?: string | undefined;
  timeout?: number;
  /** Conditions [n, C] to test at; by default those of some examples. */
  observations?: Float32Array | undefined;
  signal: AbortSignal;
}

/** What is known so far, after `done` of `total` parts. */
export interface Against {
  done: number;
  total: number;
  report: ExamplesReport;
  /** Draws of the flow with the log odds that they are examples: an estimate of log p − log q. */
  draws: { x: Float32Array; count: number; logWeights: Float64Array };
}

const folds = 5;
/** Units of a hidden layer: so many for each input, as in the benchmark. */
const units = { perInput: 10, most: 128 };
const fewest = 100;
/** Chance that a number of a right flow is called off, and how many standard errors that is. */
const chance = 0.005;
const errors = 2.576;
/** Rows of each kind whose distances are measured. */
const mostDistances = 1000;
/** Of the test at observations. */
const local = {
  nearest: 1000,
  pairs: 1500,
  exchanges: 99,
  units: 24,
  passes: 100,
  draws: 300,
  observations: 40,
};

/** Examples, or draws of the flow for the same conditions: [count, D]. */
interface Side {
  x: Float32Array;
  z: Float32Array;
}

interface Finite {
  count: number;
  /** Their numbers among all examples. */
  kept: number[];
  examples: Side;
  draws: Side;
  /** [count, C] */
  context: Float32Array | undefined;
}

/** @throws UserError for too few examples; CancelledError */
export async function* againstExamples(options: AgainstOptions): AsyncGenerator<Against> {
  const { seed, signal } = options;
  const pairs = await pairsOf(options);
  const { count, examples, draws, context } = pairs;
  const total = context ? 4 : 3;
  const measured: Omit<ExamplesReport, 'findings'> = {
    examples: count,
    nonFinite: options.examples.count - count,
    tests: [],
    ...(context ? { recovery: await recoveryOf(options, pairs) } : {}),
    ...(options.prior === undefined ? {} : { leakage: await leakageOf(options.prior, options, pairs) }),
  };
  let logWeights = new Float64Array(count);
  const known = (done: number): Against => ({
    ...{ done, total },
    report: { ...measured, findings: examplesFindings(measured) },
    draws: { x: draws.x, count, logWeights },
  });
  for (const [i, kind] of (['latents', 'examples'] as const).entries()) {
    const part = kind === 'latents' ? 'z' : 'x';
    const rows = joined([examples[part], draws[part]], context, count);
    const { accuracy, logits } = await crossValidated(options, rows, kind);
    if (kind === 'latents') logWeights = Float64Array.from(logits.subarray(count));
    measured.tests.push(testOf(kind, accuracy, 0.5 + errors * Math.sqrt(0.25 / rows.count)));
    yield known(i + 1);
  }
  const some = spread(mostDistances, count);
  const size = examples.z.length / count;
  const rows = concatenated([examples, draws].map(({ z }) => rowsAt(z, size, some)));
  const test = (name: string) => ({
    ...{ draw: stream(seed, 'check', name), level: 1 - chance, signal },
    inPairs: true,
  });
  const energy = await energyDistance(rows, size, some.length, test('energy'));
  const sliced = await slicedDistance(rows, size, test('slices'));
  measured.tests.push(testOf('energy', energy.distance, energy.band));
  measured.tests.push(testOf('sliced', sliced.distance, sliced.band));
  yield known(3);
  if (!context) return;
  measured.local = await atObservations(options, pairs);
  yield known(4);
}

/** @throws UserError where examples are outside, which were drawn from it */
async function leakageOf(
  text: string,
  { backend, timeout, signal }: AgainstOptions,
  { count, examples, draws }: Finite,
): Promise<CheckReport['leakage']> {
  const width = examples.x.length / count;
  const prior = await openPrior(text, width, { backend, signal, timeout });
  const outside = async ({ x }: Side): Promise<number> => {
    const logP = await densitiesIn(prior, x, width);
    checkValues(logP, x, width, 'prior');
    return logP.filter((value) => value === -Infinity).length;
  };
  try {
    const wrong = await outside(examples);
    if (wrong > 0)
      throw new UserError(
        `${wrong} of ${count} examples are outside of the prior. Check its bounds, their order and their units.`,
      );
    const share = (await outside(draws)) / count;
    return { share, error: Math.sqrt((share * (1 - share)) / count) };
  } finally {
    prior.end();
  }
}

const testOf = (kind: ExamplesTest['kind'], value: number, band: number): ExamplesTest => ({
  ...{ kind, value, band },
  off: value > band,
});

const contextOf = ({ context }: Pairs): Float32Array | undefined =>
  context.length > 0 ? context : undefined;

/** Pairs of an example and a draw of which all values are finite. */
async function pairsOf(options: AgainstOptions): Promise<Finite> {
  const { ways, signal } = options;
  const { x, count } = options.examples;
  const context = contextOf(options.examples);
  if (ways.forward.config.kind !== 'vector')
    throw new UserError('Images are not compared here: a check takes a flow over rows of numbers.');
  const z = await encodeExamples(ways.forward, x, count, { signal, context });
  const drawn = await drawsOf(options, 'draws');
  const sides = [x, z, drawn.x, drawn.z];
  const kept = range(count).filter((i) =>
    sides.every((rows) => rowAt(rows, rows.length / count, i).every(Number.isFinite)),
  );
  if (kept.length < fewest)
    throw new UserError(
      `${kept.length} examples of ${count} have finite latents; a check against examples needs ${fewest} or more.`,
    );
  const only = (rows: Float32Array): Float32Array => rowsAt(rows, rows.length / count, kept);
  return {
    ...{ count: kept.length, kept },
    examples: { x: only(x), z: only(z) },
    draws: { x: only(drawn.x), z: only(drawn.z) },
    context: context && only(context),
  };
}

/** A draw of the flow for the condition of each example. */
async function drawsOf(
  { ways: { inverse }, examples, seed, signal }: AgainstOptions,
  name: string,
): Promise<Side> {
  const { count } = examples;
  const context = contextOf(examples);
  const noise = stream(seed, 'check', name).normal(count * inverse.base.noise);
  const z = await inverse.base.draw(noise, count, 1, context, seed);
  return { z, x: (await decodeLatents(inverse, z, count, { signal, context })).data };
}

/** Two sets of rows [count, …], one after the other, each row with its condition. */
function joined(sets: readonly Float32Array[], context: Float32Array | undefined, count: number): Rows {
  const both = sets.map((rows) => (context ? beside(rows, context, count) : rows));
  return { count: 2 * count, size: both[0]!.length / count, data: concatenated(both) };
}

const beside = (rows: Float32Array, context: Float32Array, count: number): Float32Array =>
  concatenated(
    range(count).flatMap((i) => [
      rowAt(rows, rows.length / count, i),
      rowAt(context, context.length / count, i),
    ]),
  );

/** Each row is told by a classifier that did not see it, nor the row with the same condition, which would give its label away. */
export async function crossValidated(
  { backend, seed, signal }: Pick<AgainstOptions, 'backend' | 'seed' | 'signal'>,
  rows: Rows,
  name: string,
): Promise<{ accuracy: number; logits: Float32Array }> {
  const count = rows.count / 2;
  const order = stream(seed, 'check-folds').permutation(count);
  const fold = (row: number): number => order[row % count]! % folds;
  const trained = await trainClassifiers(
    backend,
    rows,
    (classifier, row) => (fold(row) === classifier ? undefined : row < count ? 1 : 0),
    {
      ...{ classifiers: folds, draw: stream(seed, 'check-classifier', name), signal },
      units: Math.min(units.most, units.perInput * rows.size),
    },
  );
  try {
    const all = await trained.logits(rows);
    const logits = Float32Array.from({ length: rows.count }, (_, row) => all[fold(row)]![row]!);
    const right = logits.reduce((sum, value, row) => sum + (value > 0 === row < count ? 1 : 0), 0);
    return { accuracy: right / rows.count, logits };
  } finally {
    await trained.dispose();
  }
}

/**
 * At an observation, the mean of (d − ½)² over draws of the base, where d is the classifier's chance of an example, against the same of
 * classifiers for which example and draw were exchanged in every second pair.
 */
async function atObservations(
  { ways, backend, seed, signal, ...options }: AgainstOptions,
  { kept, examples, draws, context, count }: Finite,
): Promise<LocalTest> {
  const ofContext = context!.length / count;
  const some = spread(local.pairs, count);
  const at = (rows: Float32Array): Float32Array => rowsAt(rows, rows.length / count, some);
  const rows = joined([at(examples.z), at(draws.z)], at(context!), some.length);
  const exchanged = range(local.exchanges).map((k) =>
    stream(seed, 'check-exchanges', k)
      .uniform(some.length)
      .map((u) => (u < 0.5 ? 1 : 0)),
  );
  const trained = await trainClassifiers(
    backend,
    rows,
    (classifier, row) => {
      const label = row < some.length ? 1 : 0;
      return classifier > 0 && exchanged[classifier - 1]![row % some.length] ? 1 - label : label;
    },
    {
      ...{ classifiers: 1 + local.exchanges, draw: stream(seed, 'check-classifier', 'local'), signal },
      ...{ units: local.units, most: local.passes },
    },
  );
  try {
    const numbers = spread(local.observations, count);
    const chosen = options.observations ?? rowsAt(context!, ofContext, numbers);
    const { order = range(options.examples.count) } = options.examples;
    const asRare = rarity(context!, ofContext);
    const found: LocalTest['observations'] = [];
    const sums = new Float64Array(1 + local.exchanges);
    for (const k of range(chosen.length / ofContext)) {
      await breathe(signal);
      const condition = rowAt(chosen, ofContext, k);
      const noise = stream(seed, 'check-local', k).normal(local.draws * ways.inverse.base.noise);
      const z = await ways.inverse.base.draw(noise, local.draws, 1, condition, seed);
      const data = beside(z, repeated(condition, local.draws), local.draws);
      const all = await trained.logits({ count: local.draws, size: rows.size, data });
      const statistics = all.map((logits) => {
        const squares = logits.reduce((sum, value) => sum + (1 / (1 + Math.exp(-value)) - 0.5) ** 2, 0);
        return squares / local.draws;
      });
      statistics.forEach((value, i) => (sums[i]! += value));
      found.push({
        ...(options.observations ? {} : { example: order[kept[numbers[k]!]!]! }),
        ...{ condition: [...condition], asRare: asRare(condition) },
        ...exchangeTest(statistics),
      });
    }
    return { observations: found, ...exchangeTest(sums.map((sum) => sum / found.length)) };
  } finally {
    await trained.dispose();
  }
}

/** Distances from conditions to the nearest of others are compared among those of the examples; each value counts in its deviations. */
function rarity(context: Float32Array, size: number): (condition: Float32Array) => number {
  const all = range(context.length / size);
  const some = spread(local.nearest, all.length).map((i) => rowAt(context, size, i));
  const deviations = range(size).map((d) => Math.sqrt(variance(some.map((row) => row[d]!))) || 1);
  const nearest = (condition: Float32Array, self?: Float32Array): number =>
    some.reduce((least, row) => {
      if (row === self) return least;
      const squares = deviations.reduce((sum, unit, d) => sum + ((row[d]! - condition[d]!) / unit) ** 2, 0);
      return Math.min(least, squares);
    }, Infinity);
  const usual = some.map((row) => nearest(row, row));
  return (condition) => {
    const own = some.find((row) => row.every((value, d) => value === condition[d]));
    const distance = nearest(condition, own);
    return usual.filter((other) => other >= distance).length / usual.length;
  };
}

/** The first against the others, as roots: how far the chance of an example is from ½. */
function exchangeTest(statistics: ArrayLike<number>): Pick<LocalTest, 'value' | 'band' | 'pValue'> {
  const [value, ...others] = Array.from(statistics, Math.sqrt) as [number, ...number[]];
  return { value, ...amongOthers(value, Float64Array.from(others), 0.95) };
}

/** What the conditions tell of each feature. */
async function recoveryOf(options: AgainstOptions, { kept, examples, draws }: Finite): Promise<Recovery[]> {
  const others = await drawsOf(options, 'other draws');
  const size = options.names.length;
  const again = rowsAt(others.x, size, kept);
  return options.names.map((name, d) => {
    const column = (rows: Float32Array): Float64Array => Float64Array.from(columnsAt(rows, size, [d]));
    const [truth, first, second] = [examples.x, draws.x, again].map(column) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const apart = variance(first.map((value, i) => value - second[i]!)) / 2;
    const sum = variance(truth.map((value, i) => value + first[i]!));
    const each = [truth, first].map(variance) as [number, number];
    return {
      name,
      contraction: 1 - apart / each[0],
      correlation: (sum - each[0] - each[1]) / (2 * Math.sqrt(each[0] * each[1])),
    };
  });
}
