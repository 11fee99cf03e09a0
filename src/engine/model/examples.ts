/** From what a view names (an example of the data, a sample, values) to what the flow's graphs take. */
import { concatenated } from '../../base/rows';
import { UserError } from '../../base/user-error';
import { indexRange, type Split } from '../../data/dataset';
import { splitContext } from '../../data/context';
import { stream } from '../../data/random';
import type { BatchRef, SampleQuery, SourceRef } from '../../protocol/selection';
import { breathe } from './breathe';
import { drawLatents } from './latents';
import type { ExampleSource } from './inspected-flow';
import { dequantize, padImages } from './inputs';

export interface ExampleBatch {
  count: number;
  /** What the flow is given: [count, …] in data units, padded; pixels with their noise. */
  x: Float32Array;
  /** The same without noise. */
  shown: Float32Array;
  /** [count, C] where the flow takes a context; the model's usual one without. */
  context?: Float32Array;
}

/** Noise of examples that the inspector shows: each has its own, the same whenever it is asked for. */
const noiseSeed = 1;
/** The samples that are used where there are no data. */
const standIn = { seed: 1, temperature: 1 };

/**
 * Examples `start` … `start + count − 1` of a split.
 * @throws UserError when the data are not there or end before
 */
export async function dataExamples(
  model: ExampleSource,
  split: 'train' | 'validation',
  start: number,
  count: number,
): Promise<ExampleBatch> {
  const dataset = await model.data.open();
  const examples = dataset[split];
  checkRange(examples, split, start, count);
  const rows = await examples.read(indexRange(start, count));
  const { features, context } = splitContext(rows, dataset);
  const shown = padImages(features, count, model.config);
  const x = shown.slice();
  const size = model.dimensions;
  for (let i = 0; i < count && !model.rawPixels; i++) {
    dequantize(
      x.subarray(i * size, (i + 1) * size),
      model.runner,
      stream(noiseSeed, 'inspect', split, start + i),
    );
  }
  return { count, x, shown, ...(context ? { context } : {}) };
}

/** Examples of a split, each with the noise that it has alone. @throws UserError for one that is not there, CancelledError */
export async function examplesAt(
  model: ExampleSource,
  split: 'train' | 'validation',
  indices: Iterable<number>,
  signal: AbortSignal,
): Promise<ExampleBatch> {
  const found: ExampleBatch[] = [];
  for (const index of indices) {
    await breathe(signal);
    found.push(await dataExamples(model, split, index, 1));
  }
  const contexts = found.flatMap(({ context }) => (context ? [context] : []));
  return {
    count: found.length,
    x: concatenated(found.map(({ x }) => x)),
    shown: concatenated(found.map(({ shown }) => shown)),
    ...(contexts.length > 0 ? { context: concatenated(contexts) } : {}),
  };
}

/** Examples of a file or folder of the user's. @throws UserError when they are not there or do not fit the model */
export async function fileExamples(
  model: ExampleSource,
  path: string,
  indices: readonly number[],
  signal?: AbortSignal,
): Promise<ExampleBatch> {
  const { config, runner, dimensions: size } = model;
  const data = await model.data.openFile(path, config);
  const count = indices.length;
  const { features, context } = splitContext(await data.read(indices, signal), data);
  const shown = padImages(features, count, config);
  const x = shown.slice();
  indices.forEach((index, i) =>
    dequantize(x.subarray(i * size, (i + 1) * size), runner, stream(noiseSeed, 'inspect', 'file', index)),
  );
  return { count, x, shown, ...(context ? { context } : {}) };
}

/** @throws UserError for an example that does not exist, or values that do not fit the model */
export async function sourceOf(model: ExampleSource, ref: SourceRef): Promise<ExampleBatch> {
  const batch = await readSource(model, ref);
  const chosen = model.chosenContext;
  return chosen ? { ...batch, context: Float32Array.from(chosen) } : batch;
}

async function readSource(model: ExampleSource, ref: SourceRef): Promise<ExampleBatch> {
  switch (ref.kind) {
    case 'data':
      return dataExamples(model, ref.split, ref.index, 1);
    case 'sample': {
      const x = await sampleInputs(model, ref, ref.index, 1);
      return { count: 1, x, shown: x };
    }
    case 'file':
      return fileExamples(model, ref.path, [ref.index]);
    default:
      return { ...valuesExample(model, ref.values), ...contextsOf(ref.context ?? []) };
  }
}

/** The first `count` of a split, or as many as there are; samples of the model where `split` says so. */
export async function batchOf(model: ExampleSource, ref: BatchRef): Promise<ExampleBatch> {
  if (!Number.isInteger(ref.count) || ref.count < 1)
    throw new UserError(`A batch of ${ref.count} examples was asked for; expected one or more.`);
  if (ref.split === 'sample') {
    const x = await sampleInputs(model, { ...standIn, count: ref.count }, 0, ref.count);
    return { count: ref.count, x, shown: x };
  }
  const dataset = await model.data.open();
  return dataExamples(model, ref.split, 0, Math.min(ref.count, dataset[ref.split].count));
}

/**
 * Samples in what the flow takes: padding kept, values as they came out, so that forward leads back to the latent that
 * they were made from.
 */
async function sampleInputs(
  model: ExampleSource,
  query: SampleQuery,
  start: number,
  count: number,
): Promise<Float32Array> {
  const z = await sampleLatents(model, query, start, count);
  return (await model.runner.inverse(z, count, 'data')).x;
}

/** @throws UserError for samples that the query does not draw */
export async function sampleLatents(
  model: ExampleSource,
  query: SampleQuery,
  start: number,
  count: number,
): Promise<Float32Array> {
  if (!(start >= 0 && start + count <= query.count))
    throw new UserError(`Sample ${start} was asked for; there are ${query.count}.`);
  const size = model.dimensions;
  return (await drawLatents(model.runner, query)).subarray(start * size, (start + count) * size);
}

function checkRange(split: Split, name: string, start: number, count: number): void {
  if (start >= 0 && Number.isInteger(start) && start + count <= split.count) return;
  throw new UserError(
    split.count === 0
      ? `The data have no ${name} examples.`
      : `Example ${start + count - 1} of the ${name} data was asked for; there are ${split.count}, numbered from 0.`,
  );
}

function valuesExample(model: ExampleSource, values: readonly number[]): ExampleBatch {
  const { config, dimensions } = model;
  const numbers = Float32Array.from(values);
  const bare = config.kind === 'image' ? config.height * config.width * config.channels : dimensions;
  if (numbers.length !== bare && numbers.length !== dimensions)
    throw new UserError(`The example has ${numbers.length} values; the model takes ${bare}.`);
  if (!numbers.every(Number.isFinite))
    throw new UserError('The example has values that are not finite numbers.');
  const shown = numbers.length === dimensions ? numbers : padImages(numbers, 1, config);
  const noise = stream(noiseSeed, 'inspect', 'values', 0);
  if (model.rawPixels) return { count: 1, x: shown, shown };
  if (config.kind === 'vector') return { count: 1, x: dequantize(shown.slice(), model.runner, noise), shown };
  const integers = shown.every(Number.isInteger);
  const largest = integers ? config.levels - 1 : config.levels;
  const outside = shown.find((value) => value < 0 || value > largest);
  if (outside !== undefined)
    throw new UserError(`The example has the pixel value ${outside}; expected 0 to ${largest}.`);
  const x = integers ? dequantize(shown.slice(), model.runner, noise) : shown;
  return { count: 1, x, shown };
}

/** Those of single examples together, where they have some. */
export function contextsOf(values: readonly number[]): { context?: Float32Array } {
  return values.length > 0 ? { context: Float32Array.from(values) } : {};
}
