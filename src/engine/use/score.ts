/** −ln p of examples, in nats and bits/dim, and where it comes from. */
import { inBatches, type BatchOptions, contextOf, type ContextOption } from '../model/latents';
import { sizeOf } from '../../base/shape';
import type { FlowRunner, Space, Layout } from '../model/runner';
import { UserError } from '../../base/user-error';
import { stream } from '../../data/random';
import { dataExamples } from '../model/examples';
import { dequantize, hasIntegers, type Discrete } from '../model/inputs';
import { readContext } from './read-context';
import { prepareInput } from './input';
import { modelWithData, type OpenedRunner } from '../model/opened-runner';
import { readModelExamples, type TableChoice } from './read-examples';

export type ScoreResult = Awaited<ReturnType<typeof score>>;

export interface ScoredExamples {
  count: number;
  space: Space;
  /** The examples of a range in a draw, [n, …inputShape]. */
  inputs(draw: number, start: number, n: number): Float32Array | Promise<Float32Array>;
  /** Their contexts, or one for all. */
  contexts?(start: number, n: number): ArrayLike<number> | Promise<ArrayLike<number> | undefined> | undefined;
}

/**
 * @param draws how often the examples are scored with new noise; the results are averaged. More than one makes sense
 *   for integer pixels only.
 * @throws CancelledError
 */
export async function score(
  runner: FlowRunner,
  examples: ScoredExamples,
  options: BatchOptions & { draws: number },
) {
  const { count, space } = examples;
  const { draws } = options;
  const total = count * draws;
  const { config } = runner;
  const dimensions = sizeOf(runner.inputShape);
  const pixels = config.kind === 'image' && space === 'data';
  const quantization = pixels ? dimensions * Math.log(config.levels) : 0;
  /** −ln p of each example, [N]. */
  const nats = new Float64Array(count);
  const sums = { prior: 0, couplings: 0, norm: 0, preprocessing: 0 };
  for (let draw = 0; draw < draws; draw++) {
    const progress = options.onProgress;
    const batches: BatchOptions = {
      signal: options.signal,
      ...(progress ? { onProgress: (done) => progress(draw * count + done, total) } : {}),
    };
    await inBatches(count, runner, batches, async (start, n) => {
      const out = await runner.forward(await examples.inputs(draw, start, n), n, space, {
        total,
        context: await examples.contexts?.(start, n),
      });
      for (let i = 0; i < n; i++) {
        // Where single layers are not known, all of the flow's log-det counts as the couplings'.
        const norm = out.norms.reduce((sum, values) => sum + values[i]!, 0);
        sums.prior += out.prior[i]!;
        sums.norm += norm;
        sums.couplings += out.logDet[i]! - norm;
        sums.preprocessing += out.preprocessing[i]!;
        nats[start + i]! += (quantization - out.prior[i]! - out.logDet[i]! - out.preprocessing[i]!) / draws;
      }
    });
  }
  const perBit = dimensions * Math.LN2;
  const meanNats = nats.reduce((sum, value) => sum + value, 0) / count;
  return {
    nats,
    /** nats / (D ln 2), images only. */
    ...(pixels ? { bitsPerDim: nats.map((value) => value / perBit) } : {}),
    /** Means over the examples. */
    mean: {
      prior: sums.prior / total,
      couplings: sums.couplings / total,
      norm: sums.norm / total,
      preprocessing: sums.preprocessing / total,
      quantization: 0 - quantization,
      nats: meanNats,
      ...(pixels ? { bitsPerDim: meanNats / perBit } : {}),
    },
  };
}

/** Examples that the error of a solver is measured with. */
const mostSolved = 64;

/**
 * The most that ln p of the first examples changes with twice as many steps of the solver, nats; undefined where none solves it.
 * @throws CancelledError
 */
export async function solverError(
  runner: FlowRunner,
  { count, space, ...examples }: ScoredExamples,
  { signal }: Pick<BatchOptions, 'signal'>,
): Promise<number | undefined> {
  const finer = runner.inSteps?.(2);
  if (!finer) return undefined;
  try {
    const some: ScoredExamples = { count: Math.min(count, mostSolved), space, ...examples };
    const usual = await score(runner, some, { signal, draws: 1 });
    const { nats } = await score(finer, some, { signal, draws: 1 });
    return nats.reduce((most, value, i) => Math.max(most, Math.abs(value - usual.nats[i]!)), 0);
  } finally {
    await finer.dispose();
  }
}

/** −ln p of rows in data units, [count, …], each as it is. @throws CancelledError */
export function scoreRows(
  runner: FlowRunner,
  { x, count, context }: { x: Float32Array; count: number } & ContextOption,
  options: BatchOptions,
) {
  const size = x.length / count;
  const examples: ScoredExamples = {
    count,
    space: 'data',
    inputs: (_, start, n) => x.slice(start * size, (start + n) * size),
    contexts: (start, n) => contextOf(context, runner, start, n),
  };
  return score(runner, examples, { ...options, draws: 1 });
}

export interface ExampleChoice extends TableChoice {
  /** A path or a built-in name; this or `split`. */
  input?: string | undefined;
  split?: 'train' | 'validation' | undefined;
  layout?: Layout | undefined;
  space: Space;
  /** As `readContext` takes it; without it, columns of a table or rows of the data say it. */
  condition?: string | undefined;
  /** Seed of the noise. */
  seed: number;
}

/** Integers are noisy: each draw adds noise of its own. */
type NoisyExamples = ScoredExamples & { noisy: boolean };

/** @throws UserError naming the option, or the file and the place in it, and what was expected */
export async function examplesToScore(opened: OpenedRunner, options: ExampleChoice): Promise<NoisyExamples> {
  const { input, split } = options;
  if (split !== undefined && input !== undefined) {
    throw new UserError(
      `--split ${split} and --input ${input} both say which examples to score; leave one out.`,
    );
  }
  if (split !== undefined) return splitExamples(opened, split, options);
  if (input !== undefined) return fileExamples(opened, input, options);
  throw new UserError(
    'Nothing says which examples to score; give --input FILE, or --split train or validation for the data of the run.',
  );
}

async function fileExamples(
  opened: OpenedRunner,
  input: string,
  options: ExampleChoice,
): Promise<NoisyExamples> {
  const { runner } = opened;
  const { array, where, context: read } = await readModelExamples(opened, input, options);
  const { x, count, space, dequantized } = prepareInput(runner, array, {
    space: options.space,
    layout: options.layout ?? opened.layout,
    where,
    seed: options.seed,
    noise: false,
  });
  const size = sizeOf(runner.inputShape);
  const part = (start: number, n: number): Float32Array => x.slice(start * size, (start + n) * size);
  const context = read ?? (await readContext(runner, options.condition, count));
  return {
    count,
    space,
    noisy: dequantized,
    inputs: dequantized ? withNoise(part, runner, options.seed) : (_, start, n) => part(start, n),
    contexts: (start, n) => contextOf(context, runner, start, n),
  };
}

async function splitExamples(
  opened: OpenedRunner,
  split: 'train' | 'validation',
  { space, seed, condition }: ExampleChoice,
): Promise<NoisyExamples> {
  if (condition !== undefined) {
    throw new UserError(
      `--condition ${condition}: the examples of --split ${split} have their own; leave it out.`,
    );
  }
  const model = modelWithData(opened, split, '--input FILE');
  if (space === 'flow')
    throw new UserError('--space flow: the data of a run are in data units; leave it out, or give --input.');
  const { count } = (await model.data.open())[split];
  if (count === 0) throw new UserError(`--split ${split}: the run's data have no ${split} examples.`);
  const read = async (start: number, n: number): Promise<Float32Array> =>
    (await dataExamples(model, split, start, n)).shown;
  const contexts = async (start: number, n: number): Promise<Float32Array | undefined> =>
    (await dataExamples(model, split, start, n)).context;
  return {
    count,
    space,
    noisy: hasIntegers(opened.runner),
    inputs: withNoise(read, opened.runner, seed),
    ...(opened.runner.context ? { contexts } : {}),
  };
}

/** Adds the noise of a draw to what `read` gives, in place. */
function withNoise(
  read: (start: number, n: number) => Float32Array | Promise<Float32Array>,
  flow: Discrete,
  seed: number,
): ScoredExamples['inputs'] {
  return async (draw, start, n) =>
    dequantize(await read(start, n), flow, stream(seed, 'score-noise', draw, start));
}
