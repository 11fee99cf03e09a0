/** Draws from a flow. */
import type { SampleQuery } from '../../protocol/selection';
import { type BatchOptions, decodeLatents, drawLatents, type ContextOption } from '../model/latents';
import { roundDown } from '../model/inputs';
import type { FlowRunner } from '../model/runner';

/**
 * The temperature multiplies the standard deviation of the latents: below 1 nearer to the mode, 0 the mode itself.
 * @param options `unrounded` leaves integers with the noise that the flow has a density of
 * @throws CancelledError, UserError when there is not one temperature for each scale
 */
export async function sample(
  runner: FlowRunner,
  query: SampleQuery,
  options: BatchOptions & ContextOption & { unrounded?: boolean } = {},
) {
  const z = await drawLatents(runner, query, options.context);
  /** In data units, padding cut off: [N, H, W, C] pixels or [N, D] coordinates, of which integers are rounded down. */
  const x = await decodeLatents(runner, z, query.count, options);
  if (!options.unrounded) roundDown(x.data, runner);
  return {
    x,
    /** The latents they came from, temperature included: [N, …]. */
    z: { shape: [query.count, ...runner.outputShape], data: z },
  };
}
