import type { OrderView } from '../../../src/protocol/order';
import { vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input, both in the layer's order; features by their number. */
export function orderNumbers({ features, measured, from }: OrderView): ViewData {
  const k = features.length;
  const all = Array.from(features);
  return {
    columns: [
      { name: 'place', values: all.map((_, i) => from + i) },
      { name: 'y', values: all },
      ...all.map((feature, column) => ({
        name: `x${feature}`,
        values: all.map((_, row) => measured.data[row * k + column]),
      })),
    ],
    arrays: { order: vector(features), measured },
  };
}
