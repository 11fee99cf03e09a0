/** Latents drawn from the base, and examples turned into latents and back. */
import { several, UserError } from '../../base/user-error';
import { stream } from '../../data/random';
import { latentsByScale } from '../../flow/latent-scales';
import type { SampleQuery } from '../../protocol/selection';
import type { NdArray } from '../../protocol/tensors';
import { cropImages } from './inputs';
import { sizeOf } from '../../base/shape';
import type { FlowRunner, ForwardBatch, Space } from './runner';
import { breathe } from './breathe';

/** What drawing needs to know of a flow: how large z is, how it is distributed, and where known at which scale latents leave. */
export type LatentSpace = Pick<FlowRunner, 'outputShape' | 'latentScales' | 'base'>;

/**
 * The latents of a set of samples, truncation and temperature included: [count, …] row-major. The same for the same
 * query; a sample does not depend on how many follow it, nor the latents of a scale on the bounds of others.
 * @throws UserError when there is not one temperature or bound for each scale, or the base has no use for them
 */
export async function drawLatents(
  space: LatentSpace,
  query: SampleQuery,
  context?: ArrayLike<number>,
): Promise<Float32Array> {
  const { count, seed, temperature } = query;
  const { base } = space;
  const size = sizeOf(space.outputShape);
  if (
    base.shape === 'other' &&
    (query.truncations?.some((bound) => bound !== null) || query.scaleTemperatures)
  ) {
    throw new UserError(
      'Bounds and temperatures of single latents are for a normal base distribution; this flow has another one. Leave them out.',
    );
  }
  const deviations = deviationsOf(space, size, query);
  const noise = stream(seed, 'sample').normal(count * base.noise);
  truncate(noise, space, query);
  if (!deviations) return base.draw(noise, count, temperature, context, seed);
  for (let i = 0; i < noise.length; i++) noise[i]! *= deviations[i % size]!;
  return base.draw(noise, count, 1, context);
}

/** Smaller bounds would be drawn for too long, and be close to the mode alone. */
const leastTruncation = 0.1;

/**
 * Draws from the truncated normal distribution by rejection: what is within the bound stays as it was, what is beyond is
 * drawn again from a stream of its scale until it is within.
 */
function truncate(
  z: Float32Array,
  { latentScales, outputShape }: LatentSpace,
  { seed, truncations }: Pick<SampleQuery, 'seed' | 'truncations'>,
): void {
  if (!truncations) return;
  const size = sizeOf(outputShape);
  const scales = truncations.length === 1 ? undefined : latentScales;
  const expected = latentScales ? latentsByScale(latentScales).length : 1;
  if (truncations.length !== 1 && truncations.length !== expected) {
    throw new UserError(
      `${truncations.length} truncations were given; expected one for all latents` +
        (expected > 1 ? `, or one for each of the ${expected} scales.` : '.'),
    );
  }
  const wrong = truncations.find(
    (bound) => bound !== null && !(bound >= leastTruncation && Number.isFinite(bound)),
  );
  if (wrong !== undefined) {
    throw new UserError(
      `A truncation is ${wrong}; expected a number of standard deviations from ${leastTruncation}, or none.`,
    );
  }
  const drawers = truncations.map((_, scale) => drawer(seed, scale));
  for (let i = 0; i < z.length; i++) {
    const scale = scales?.[i % size] ?? 0;
    const bound = truncations[scale];
    if (typeof bound !== 'number') continue;
    while (Math.abs(z[i]!) > bound) z[i] = drawers[scale]!();
  }
}

/** One normal value after the other. */
function drawer(seed: number, scale: number): () => number {
  const source = stream(seed, 'truncate', scale);
  let drawn = new Float32Array(0);
  let next = 0;
  return () => {
    if (next === drawn.length) {
      drawn = Float32Array.from(source.normal(256));
      next = 0;
    }
    return drawn[next++]!;
  };
}

/** The deviation of each latent; undefined where all have the temperature. */
function deviationsOf(
  { latentScales }: LatentSpace,
  size: number,
  { temperature, scaleTemperatures }: SampleQuery,
): Float64Array | undefined {
  if (!scaleTemperatures) return undefined;
  const scales = latentScales ?? new Int32Array(size);
  const expected = latentsByScale(scales).length;
  if (scaleTemperatures.length !== expected) {
    throw new UserError(
      `${scaleTemperatures.length} temperatures by scale were given; ${
        latentScales ? `the flow has ${several(expected, 'scale')}` : 'the scales of this flow are not known'
      }.`,
    );
  }
  const wrong = scaleTemperatures.find((factor) => !(factor >= 0 && Number.isFinite(factor)));
  if (wrong !== undefined)
    throw new UserError(`A temperature by scale is ${wrong}; expected numbers from 0.`);
  return Float64Array.from(scales, (scale) => temperature * scaleTemperatures[scale]!);
}

export interface ContextOption {
  /** One for each example, or one for all. */
  context?: ArrayLike<number> | undefined;
}

/** The part of a context that belongs to the examples of a range; one for all is whole. */
export function contextOf(
  context: ArrayLike<number> | undefined,
  { context: info }: Pick<FlowRunner, 'context'>,
  start: number,
  n: number,
): ArrayLike<number> | undefined {
  const size = info?.mean.length;
  if (!context || !size || context.length === size) return context;
  return Array.prototype.slice.call(context, start * size, (start + n) * size) as number[];
}

/**
 * Latents [count, …] to data units without padding, [count, H, W, C] pixels or [count, D] coordinates, or to the flow's input.
 * @throws CancelledError
 */
export async function decode(
  runner: FlowRunner,
  z: Float32Array,
  count: number,
  space: Space,
  options: BatchOptions & ContextOption,
): Promise<{ x: NdArray<Float32Array>; logDet: Float32Array }> {
  const latentSize = sizeOf(runner.outputShape);
  const shape = space === 'data' ? exampleShape(runner) : [...runner.inputShape];
  const exampleSize = sizeOf(shape);
  const x = new Float32Array(count * exampleSize);
  const logDet = new Float32Array(count);
  await inBatches(count, runner, options, async (start, n) => {
    const out = await runner.inverse(z.subarray(start * latentSize, (start + n) * latentSize), n, space, {
      total: count,
      context: contextOf(options.context, runner, start, n),
    });
    x.set(space === 'data' ? cropImages(out.x, n, runner.config) : out.x, start * exampleSize);
    logDet.set(out.logDet, start);
  });
  return { x: { shape: [count, ...shape], data: x }, logDet };
}

/** To data units. @throws CancelledError */
export async function decodeLatents(
  runner: FlowRunner,
  z: Float32Array,
  count: number,
  options: BatchOptions & ContextOption = {},
): Promise<NdArray<Float32Array>> {
  return (await decode(runner, z, count, 'data', options)).x;
}

/** Examples [count, …] as the flow takes them (padded, pixels with their noise), in batches. @throws CancelledError */
export async function encode(
  runner: FlowRunner,
  x: Float32Array,
  count: number,
  space: Space,
  options: BatchOptions & ContextOption,
  take: (out: ForwardBatch, start: number, n: number) => void,
): Promise<void> {
  const size = sizeOf(runner.inputShape);
  await inBatches(count, runner, options, async (start, n) => {
    const out = await runner.forward(x.subarray(start * size, (start + n) * size), n, space, {
      total: count,
      context: contextOf(options.context, runner, start, n),
    });
    take(out, start, n);
  });
}

/** Examples in data units to latents. @throws CancelledError */
export async function encodeExamples(
  runner: FlowRunner,
  x: Float32Array,
  count: number,
  options: BatchOptions & ContextOption = {},
): Promise<Float32Array> {
  const latentSize = sizeOf(runner.outputShape);
  const z = new Float32Array(count * latentSize);
  await encode(runner, x, count, 'data', options, (out, start) => z.set(out.z, start * latentSize));
  return z;
}

/** One example in data units without the batch axis and without padding. */
export function exampleShape({ config, inputShape }: FlowRunner): number[] {
  return config.kind === 'image' ? [config.height, config.width, config.channels] : [...inputShape];
}

export interface BatchOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Multiplications in a batch, roughly: a fraction of a second on a few cores. */
const batchWork = 8e10;

/** Examples in a batch: the conditioners' feature maps decide how much memory one takes, and the parameters how long. */
export function batchSize({
  inputShape,
  parameterCount = 0,
}: Pick<FlowRunner, 'inputShape' | 'parameterCount'>): number {
  const image = inputShape.length === 3;
  const [height, width] = image ? (inputShape as [number, number]) : [1, 1];
  const inMemory = image
    ? Math.max(4, Math.min(256, Math.floor(65_536 / (height * width))))
    : Math.max(16, Math.min(4096, Math.floor(262_144 / sizeOf(inputShape))));
  // Each parameter of a convolution is used at each place; a little less after squeezes.
  const inTime = Math.floor(batchWork / Math.max(1, parameterCount * height * width));
  return Math.max(1, Math.min(inMemory, inTime));
}

/** Most examples in a batch that is normalized by its own statistics; of fewer than these they would say little. */
export function statisticsBatch(runner: Parameters<typeof batchSize>[0]): number {
  return Math.max(32, batchSize(runner));
}

/**
 * Large inputs go through a flow in batches, so that memory stays bounded by the batch and the result, and that one does
 * not take so long that others have to wait or cannot cancel it. Their size follows from the flow alone: results do not
 * depend on how busy a machine is, not even in their last digits. Calls `fn` for one range after the other, and lets others
 * have their turn before each.
 * @throws CancelledError
 */
export async function inBatches(
  count: number,
  runner: Pick<FlowRunner, 'inputShape' | 'parameterCount'>,
  options: BatchOptions,
  fn: (start: number, count: number) => Promise<void>,
): Promise<void> {
  const size = batchSize(runner);
  for (let start = 0; start < count; start += size) {
    await breathe(options.signal);
    await fn(start, Math.min(size, count - start));
    options.onProgress?.(Math.min(count, start + size), count);
  }
}
