/** Draws from a flow. */
import type { SampleQuery } from '../../protocol/selection';
import type { NdArray } from '../../protocol/tensors';
import type { BatchOptions } from '../model/batches';
import { decodeLatents, drawLatents, type GivenContext } from '../model/latents';
import type { FlowRunner } from '../model/runner';

export interface Samples {
  /** In data units, padding cut off: [N, H, W, C] pixels or [N, D] coordinates. */
  x: NdArray<Float32Array>;
  /** The latents they came from, temperature included: [N, …]. */
  z: NdArray<Float32Array>;
}

/**
 * The temperature multiplies the standard deviation of the latents: below 1 nearer to the mode, 0 the mode itself.
 * @throws CancelledError, UserError when there is not one temperature for each scale
 */
export async function sample(
  runner: FlowRunner,
  query: SampleQuery,
  options: BatchOptions & GivenContext = {},
): Promise<Samples> {
  const z = await drawLatents(runner, query, options.context);
  const x = await decodeLatents(runner, z, query.count, options);
  return { x, z: { shape: [query.count, ...runner.outputShape], data: z } };
}
