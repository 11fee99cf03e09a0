/** Latents drawn from the prior, and examples turned into latents and back. */
import { UserError } from '../../config/user-error';
import { stream } from '../../data/random';
import { latentsByScale } from '../../flow/latent-scales';
import type { SampleQuery } from '../../protocol/inspect';
import type { NdArray } from '../../protocol/tensors';
import { cropImages } from '../model/inputs';
import { batchSize, inBatches, type BatchOptions } from './batches';
import { sizeOf, type FlowRunner } from './runner';

/** What drawing needs to know of a flow: how large z is, and which latents leave at which scale where that is known. */
export type LatentSpace = Pick<FlowRunner, 'outputShape' | 'latentScales'>;

/**
 * The latents of a set of samples, temperature included: [count, …] row-major. The same for the same query.
 * @throws UserError when there is not one temperature for each scale
 */
export function drawLatents(space: LatentSpace, query: SampleQuery): Float32Array {
  const { count, seed, temperature } = query;
  const size = sizeOf(space.outputShape);
  const deviations = deviationsOf(space, size, query);
  const z = stream(seed, 'sample').normal(count * size);
  for (let i = 0; i < z.length; i++) z[i]! *= deviations?.[i % size] ?? temperature;
  return z;
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
        latentScales
          ? `the flow has ${expected} scale${expected === 1 ? '' : 's'}`
          : 'the scales of this flow are not known'
      }.`,
    );
  }
  const wrong = scaleTemperatures.find((factor) => !(factor >= 0 && Number.isFinite(factor)));
  if (wrong !== undefined) {
    throw new UserError(`A temperature by scale is ${wrong}; expected numbers from 0.`);
  }
  return Float64Array.from(scales, (scale) => temperature * scaleTemperatures[scale]!);
}

/**
 * Latents [count, …] to data units, padding cut off: [count, H, W, C] pixels or [count, D] coordinates.
 * @throws CancelledError
 */
export async function decodeLatents(
  runner: FlowRunner,
  z: Float32Array,
  count: number,
  options: BatchOptions = {},
): Promise<NdArray<Float32Array>> {
  const latentSize = sizeOf(runner.outputShape);
  const shape = exampleShape(runner);
  const exampleSize = sizeOf(shape);
  const x = new Float32Array(count * exampleSize);
  await inBatches(count, batchSize(runner.inputShape), options, async (start, n) => {
    const out = await runner.inverse(z.subarray(start * latentSize, (start + n) * latentSize), n, 'data');
    x.set(cropImages(out.x, n, runner.config), start * exampleSize);
  });
  return { shape: [count, ...shape], data: x };
}

/**
 * Examples in data units as the flow takes them (padded, pixels with their noise), [count, …], to latents.
 * @throws CancelledError
 */
export async function encodeExamples(
  runner: FlowRunner,
  x: Float32Array,
  count: number,
  options: BatchOptions = {},
): Promise<Float32Array> {
  const size = sizeOf(runner.inputShape);
  const latentSize = sizeOf(runner.outputShape);
  const z = new Float32Array(count * latentSize);
  await inBatches(count, batchSize(runner.inputShape), options, async (start, n) => {
    const out = await runner.forward(x.subarray(start * size, (start + n) * size), n, 'data');
    z.set(out.z, start * latentSize);
  });
  return z;
}

/** One example in data units without the batch axis and without padding. */
export function exampleShape({ config, inputShape }: FlowRunner): number[] {
  return config.kind === 'image' ? [config.height, config.width, config.channels] : [...inputShape];
}
