/** What reaches one layer: the values of a batch at its input. */
import { sizeOf } from '../../base/shape';
import type { BatchRef } from '../../protocol/selection';
import { batchOf } from '../model/examples';
import type { InnerPrograms, InspectedFlow } from '../model/inspected-flow';
import { throughBatch } from './through-batch';

/**
 * The layer's input for the first `most` examples of a batch or fewer, by running statistics.
 * @returns `values` [count, …] row-major
 * @throws UserError for a batch that does not exist, CancelledError
 */
export async function layerInputs(
  model: InspectedFlow,
  inner: InnerPrograms,
  layer: number,
  { batch, most }: { batch: BatchRef; most: number },
  signal: AbortSignal,
): Promise<{ count: number; values: Float32Array }> {
  const examples = await batchOf(model, { ...batch, count: Math.min(batch.count, most) });
  const program = await inner.inputs(layer);
  const size = sizeOf(model.layers[layer]!.info.inputShape);
  const values = new Float32Array(examples.count * size);
  await throughBatch(model, examples, { signal }, async (x, start) => {
    const { h } = await program.run({ x });
    values.set(h!.data, start * size);
  });
  return { count: examples.count, values };
}
