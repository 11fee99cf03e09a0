/** The examples that interpolate and reconstruct start from: of the data, of a file, or samples. */
import { range } from '../base/order';
import { rowsAt } from '../base/rows';
import { UserError } from '../base/user-error';
import type { NpyArray } from '../data/npy';
import { examplesAt } from '../engine/model/examples';
import { cropImages } from '../engine/model/inputs';
import { prepareInput } from '../engine/use/input';
import { decodeLatents, drawLatents, encodeExamples, exampleShape } from '../engine/model/latents';
import { sizeOf } from '../base/shape';
import type { NdArray } from '../protocol/tensors';
import { type OptionSpecs, type OptionValues, choiceOption, integerOption, numberOption } from './command';
import { inputOptions, readInput } from './input-options';
import { modelWithData, type OpenedRunner } from '../engine/model/opened-runner';
import { openRunner } from './model';
import type { Session } from './session';

export const sourceOptions = {
  split: choiceOption(
    ['validation', 'train', 'sample'],
    'Where the examples come from: the run’s data, or samples of the model. The default is validation, or sample if the data are not known. Cannot be combined with --input.',
  ),
  ...inputOptions,
  input: { ...inputOptions.input, help: `Other examples. ${inputOptions.input.help}` },
  seed: integerOption(
    'S',
    'Seed of everything that is drawn: samples, and the noise added to integer pixels of --input.',
    { min: 0, default: 0 },
  ),
  temperature: numberOption('T', 'Standard deviation of the drawn latents.', { min: 0, default: 1 }),
} as const satisfies OptionSpecs;

type SourceOptions = OptionValues<typeof sourceOptions>;

/** A model that is run in both directions. */
export type BothWays = Awaited<ReturnType<typeof openBothWays>>;

export interface ChosenExamples {
  indices: number[];
  /** In words, for example "validation 0, 1, 2, 3". */
  label: string;
  /** [n, …] as given, in data units, padding cut off. */
  shown: NdArray<Float32Array>;
  /** Their latents, [n, …]. */
  z: Float32Array;
}

/** ONNX files hold one direction each: both are opened. @throws UserError */
export async function openBothWays(session: Session, model: string) {
  const forward = await openRunner(session, model, 'forward');
  return { forward, inverse: forward.model ? forward : await openRunner(session, model, 'inverse') };
}

/**
 * @param indices numbers of the examples; the first `usual` without them
 * @throws UserError when they are not there
 */
export async function chooseExamples(
  session: Session,
  ways: BothWays,
  indices: number[] | undefined,
  usual: number,
  options: SourceOptions,
): Promise<ChosenExamples> {
  if (options.input !== undefined) {
    if (options.split !== undefined) {
      throw new UserError(
        `--split ${options.split} and --input ${options.input} both set the examples. Leave one out.`,
      );
    }
    return fromFile(session, ways, options.input, indices, usual, options);
  }
  const split = options.split ?? ((await hasData(ways)) ? 'validation' : 'sample');
  return split === 'sample'
    ? fromSamples(session, ways, indices ?? range(usual), options)
    : fromData(session, ways, split, indices, usual);
}

const labelOf = (source: string, indices: readonly number[]): string => `${source} ${indices.join(', ')}`;

async function hasData({ forward }: BothWays): Promise<boolean> {
  const known = await forward.model?.data.splits();
  return known?.splits.some(({ name }) => name === 'validation') ?? false;
}

async function fromSamples(
  session: Session,
  { inverse: { runner } }: BothWays,
  indices: number[],
  { seed, temperature }: SourceOptions,
): Promise<ChosenExamples> {
  const size = sizeOf(runner.outputShape);
  const count = Math.max(...indices) + 1;
  if (count * size > 2 ** 28) {
    throw new UserError(
      `Sample ${count - 1} is too far on, since all samples before it have to be drawn. Choose smaller numbers.`,
    );
  }
  const all = await drawLatents(runner, { count, seed, temperature });
  const z = rowsAt(all, size, indices);
  return {
    indices,
    label: labelOf('sample', indices),
    shown: await decodeLatents(runner, z, indices.length, { signal: session.signal }),
    z,
  };
}

async function fromData(
  session: Session,
  { forward }: BothWays,
  split: 'train' | 'validation',
  numbers: number[] | undefined,
  usual: number,
): Promise<ChosenExamples> {
  const model = modelWithData(forward, split, '--input FILE or --split sample');
  const { runner } = forward;
  const { count } = (await model.data.open())[split];
  const indices = numbers ?? range(Math.min(usual, count));
  const examples = await examplesAt(model, split, indices, session.signal);
  return encoded(session, runner, split, indices, examples);
}

async function fromFile(
  session: Session,
  { forward }: BothWays,
  input: string,
  numbers: number[] | undefined,
  usual: number,
  options: SourceOptions,
): Promise<ChosenExamples> {
  const { runner, layout } = forward;
  const { array, where } = await readInput(session, forward, input, options);
  const count = array.shape[0] ?? 0;
  const indices = numbers ?? range(Math.min(usual, count));
  const beyond = indices.find((index) => index >= count);
  if (beyond !== undefined)
    throw new UserError(`${where}: there is no example ${beyond}. There are ${count}, numbered from 0.`);
  const chosen = arrayRows(array, indices);
  const prepare = (noise: boolean): Float32Array =>
    prepareInput(runner, chosen, {
      space: 'data',
      layout: options.layout ?? layout,
      seed: options.seed,
      noise,
      where,
    }).x;
  return encoded(session, runner, input, indices, { x: prepare(true), shown: prepare(false) });
}

async function encoded(
  { signal }: Session,
  runner: OpenedRunner['runner'],
  source: string,
  indices: number[],
  { x, shown }: { x: Float32Array; shown: Float32Array },
): Promise<ChosenExamples> {
  const n = indices.length;
  return {
    indices,
    label: labelOf(source, indices),
    shown: { shape: [n, ...exampleShape(runner)], data: cropImages(shown, n, runner.config) },
    z: await encodeExamples(runner, x, n, { signal }),
  };
}

function arrayRows(array: NpyArray, indices: readonly number[]): NpyArray {
  const [, ...event] = array.shape;
  const size = sizeOf(event);
  const Data = array.data.constructor as new (length: number) => NpyArray['data'];
  const data = new Data(indices.length * size);
  for (const [i, index] of indices.entries()) {
    data.set(array.data.subarray(index * size, (index + 1) * size) as never, i * size);
  }
  return { ...array, shape: [indices.length, ...event], data };
}
