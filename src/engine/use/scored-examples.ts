/** Examples to score: of a file, or of the data that the flow was trained on; pixels with the noise of each draw. */
import { UserError } from '../../base/user-error';
import { stream } from '../../data/random';
import { dataExamples } from '../model/examples';
import { dequantize, hasIntegers, type Discrete } from '../model/inputs';
import { contextOf } from '../model/latents';
import { readContext } from './read-context';
import { prepareInput } from './input';
import type { Layout } from '../model/layout';
import { modelWithData, type OpenedRunner } from '../model/opened-runner';
import { readModelExamples, type TableChoice } from './read-examples';
import { sizeOf } from '../../base/shape';
import type { Space } from '../model/runner';
import type { ScoredExamples } from './score';

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
export type NoisyExamples = ScoredExamples & { noisy: boolean };

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
  if (space === 'flow') {
    throw new UserError('--space flow: the data of a run are in data units; leave it out, or give --input.');
  }
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
