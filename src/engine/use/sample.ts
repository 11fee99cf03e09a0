/** Draws from a flow. */
import { stream } from '../../data/random';
import type { NdArray } from '../../protocol/tensors';
import { cropImages } from '../model/inputs';
import { batchSize, inBatches, type BatchOptions } from './batches';
import { sizeOf, type FlowRunner } from './runner';

export interface Samples {
  /** In data units, padding cut off: [N, H, W, C] pixels or [N, D] coordinates. */
  x: NdArray<Float32Array>;
  /** The latents they came from, temperature included: [N, …]. */
  z: NdArray<Float32Array>;
}

/** The latents of a set of samples, temperature included: [count, size] row-major. The same for the same query. */
export function drawLatents(
  size: number,
  { count, seed, temperature }: { count: number; seed: number; temperature: number },
): Float32Array {
  const z = stream(seed, 'sample').normal(count * size);
  for (let i = 0; i < z.length; i++) z[i]! *= temperature;
  return z;
}

/**
 * @param temperature the standard deviation of the latents: below 1 nearer to the mode, 0 the mode itself
 * @throws CancelledError
 */
export async function sample(
  runner: FlowRunner,
  query: { count: number; seed: number; temperature: number },
  options: BatchOptions = {},
): Promise<Samples> {
  const { config } = runner;
  const { count } = query;
  const latentSize = sizeOf(runner.outputShape);
  const shape =
    config.kind === 'image' ? [config.height, config.width, config.channels] : [...runner.inputShape];
  const exampleSize = sizeOf(shape);
  const z = drawLatents(latentSize, query);
  const x = new Float32Array(count * exampleSize);
  await inBatches(count, batchSize(runner.inputShape), options, async (start, n) => {
    const out = await runner.inverse(z.subarray(start * latentSize, (start + n) * latentSize), n, 'data');
    x.set(cropImages(out.x, n, config), start * exampleSize);
  });
  return {
    x: { shape: [count, ...shape], data: x },
    z: { shape: [count, ...runner.outputShape], data: z },
  };
}
