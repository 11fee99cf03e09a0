import { ready } from '../../base/store/question';
import type { Store } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { orderState } from './state';

/** One row for each output, one column for each input, both in the layer's order; features by their number. */
export function orderNumbers(store: Store): ViewData {
  const view = ready(store.state(orderState).order.answer.value);
  if (!view) return {};
  const { features, measured, from } = view;
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
