/** What reaches one layer: the values of a batch at its input. */
import { sizeOf } from '../../../base/shape';
import type { BatchRef } from '../../../protocol/selection';
import type { Feeds } from '../../backends/backend';
import { batchOf } from '../../model/examples';
import type { InnerPrograms } from '../../model/inspected-flow';
import { examplesFed, throughBatch } from '../through-batch';
import type { Inquiry } from '../inquiry';

export type BatchAtLayer = Awaited<ReturnType<typeof batchAtLayer>>;

/**
 * The layer's input for the first `most` examples of a batch or fewer, by running statistics.
 * @throws UserError for a batch that does not exist, CancelledError
 */
export async function batchAtLayer(
  { model, signal }: Inquiry,
  inner: InnerPrograms,
  layer: number,
  { batch, most }: { batch: BatchRef; most: number },
) {
  const examples = await batchOf(model, { ...batch, count: Math.min(batch.count, most) });
  const program = await inner.inputs(layer);
  const size = sizeOf(model.layers[layer]!.info.inputShape);
  /** [count, …] row-major. */
  const values = new Float32Array(examples.count * size);
  await throughBatch(model, examples, { signal }, async (x, start) => {
    const { h } = await program.run(examplesFed(x));
    values.set(h!.data, start * size);
  });
  const { context, count } = examples;
  return {
    count,
    values,
    /** What a program of the layer is fed besides them: the contexts of some examples, each for this many rows. */
    contextOf(indices: readonly number[], rows = 1): Feeds {
      if (!context) return {};
      const width = context.length / count;
      const data = new Float32Array(indices.length * rows * width);
      indices.forEach((index, i) => {
        const contextRow = context.subarray(index * width, (index + 1) * width);
        for (let row = 0; row < rows; row++) data.set(contextRow, (i * rows + row) * width);
      });
      return { context: { shape: [indices.length * rows, width], data } };
    },
  };
}
