/** Which layer of a conditional flow reads which number of the context, and how much it makes of it. */
import { UserError } from '../../../base/user-error';
import type { ContextUse, ContextUseQuery } from '../../../protocol/conditions';
import { breathe } from '../../model/breathe';
import { contextFeed } from '../../model/context';
import { batchOf } from '../../model/examples';
import { innerOf } from './inner';
import type { Inquiry } from '../inquiry';

/** Means are over as many examples of the batch, and fewer of flows of many features. */
const mostExamples = 128;
const mostRows = 16_384;
/** Rows of Jacobians that are computed at once. */
const rowsAtOnce = 2048;

/** @throws UserError for a flow without a context or without gradients, CancelledError */
export async function contextUse({ model, signal }: Inquiry, query: ContextUseQuery): Promise<ContextUse> {
  const { context: info } = model.runner;
  if (!info) throw new UserError('What listens to the conditions was asked for; this flow takes none.');
  const inner = innerOf(model, 'What listens to the conditions');
  const readers = inner.contextReaders();
  const size = info.mean.length;
  const { dimensions } = model;
  const most = Math.max(1, Math.min(query.batch.count, mostExamples, Math.floor(mostRows / dimensions)));
  const { x, count, context } = await batchOf(model, { ...query.batch, count: most });
  const contexts = contextFeed(info, context ?? model.chosenContext, count).data;

  const layers = new Float64Array(model.layers.length * size);
  const flow = new Float64Array(size);
  const program = await inner.contextGradients(readers);
  // A row for each output of each example.
  for (let start = 0; start < count * dimensions; start += rowsAtOnce) {
    await breathe(signal);
    const rows = Math.min(rowsAtOnce, count * dimensions - start);
    const repeated = new Float32Array(rows * dimensions);
    const contextRows = new Float32Array(rows * size);
    const dy = new Float32Array(rows * dimensions);
    for (let row = 0; row < rows; row++) {
      const example = Math.floor((start + row) / dimensions);
      repeated.set(x.subarray(example * dimensions, (example + 1) * dimensions), row * dimensions);
      contextRows.set(contexts.subarray(example * size, (example + 1) * size), row * size);
      dy[row * dimensions + ((start + row) % dimensions)] = 1;
    }
    const out = await program.run({
      x: { shape: [rows, ...model.flow.inputShape], data: repeated },
      context: { shape: [rows, size], data: contextRows },
      dy: { shape: [rows, dimensions], data: dy },
    });
    for (const [name, { data }] of Object.entries(out)) {
      const sums = name === 'flow' ? flow : layers.subarray(Number(name) * size, (Number(name) + 1) * size);
      data.forEach((value, i) => (sums[i % size]! += value ** 2));
    }
  }
  const perDeviation = (sums: Float64Array): Float32Array =>
    Float32Array.from(sums, (sum, i) => Math.sqrt(sum / count) * info.std[i % size]!);
  return {
    count,
    layers: { shape: [model.layers.length, size], data: perDeviation(layers) },
    reads: [...readers.layers],
    flow: perDeviation(flow),
    priorReads: readers.prior,
  };
}
