/** The order of an autoregressive layer next to its Jacobian's: which output depends on which input, over a batch. */
import { UserError } from '../../../base/user-error';
import { orderPage, type OrderQuery, type OrderView } from '../../../protocol/order';
import { breathe } from '../../model/breathe';
import { layerAt } from '../../model/inspected-flow';
import { innerOf } from '../conditioner/inner';
import { batchAtLayer } from './batch-at-layer';
import { blockOf } from './jacobian';
import { checkIndex, type Inquiry } from '../inquiry';

/** Means are over as many examples of the batch. */
const mostExamples = 64;
/** Rows of Jacobians that are computed at once. */
const rowsAtOnce = 2048;

/** @throws UserError for a layer without an order, or a place that it does not have, CancelledError */
export async function order({ model, signal }: Inquiry, query: OrderQuery): Promise<OrderView> {
  const { info } = layerAt(model, query.layer);
  const { order: all, places } = info;
  if (!all) throw new UserError(`The layer ${info.name} has no order; autoregressive layers have one.`);
  const { from } = query;
  checkIndex(from, all.length, `Place ${from} of the order was asked for; ${info.name} has`);
  const features = Int32Array.from(all.slice(from, from + orderPage));
  if (model.recorded) {
    const { count, mean } = model.recorded.dependence(info.index);
    const shape = [features.length, features.length];
    const measured = { shape, data: blockOf(mean, all.length, features) };
    return { layer: info.index, from, features, count, measured };
  }
  const inner = innerOf(model, 'What depends on what');
  const { count, values, contextOf } = await batchAtLayer({ model, signal }, inner, info.index, {
    batch: query.batch,
    most: mostExamples,
  });

  const k = features.length;
  const size = all.length;
  const together = Math.max(1, Math.min(count, Math.floor(rowsAtOnce / k)));
  const program = await inner.jacobian(info.index, together * k);
  const sums = new Float64Array(k * k);
  for (let start = 0; start < count; start += together) {
    await breathe(signal);
    const examples = Math.min(together, count - start);
    const h = new Float32Array(together * k * size);
    const dy = new Float32Array(together * k * size);
    // The last example fills the places after the end of the batch, and is not counted there.
    const indices = Array.from({ length: together }, (_, example) => Math.min(start + example, count - 1));
    for (const [example, index] of indices.entries()) {
      const one = index * size;
      for (let row = 0; row < k; row++) {
        const at = (example * k + row) * size;
        h.set(values.subarray(one, one + size), at);
        dy[at + features[row]!] = 1;
      }
    }
    const shape = [together * k, size];
    const { dx } = await program.run({
      h: { shape, data: h },
      dy: { shape, data: dy },
      ...contextOf(indices, k),
    });
    for (let i = 0; i < examples * k; i++)
      features.forEach((feature, column) => {
        sums[(i % k) * k + column]! += Math.abs(dx!.data[i * size + feature]!);
      });
  }
  return {
    layer: info.index,
    from,
    features,
    ...(places ? { places: features.map((feature) => places[feature]!) } : {}),
    count,
    measured: { shape: [k, k], data: Float32Array.from(sums, (sum) => sum / count) },
  };
}
