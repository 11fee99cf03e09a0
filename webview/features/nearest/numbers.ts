import type { Store } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { nearestState } from './state';

export function nearestNumbers(store: Store): ViewData {
  const found = store.state(nearestState).shown.value;
  if (!found) return {};
  const { indices, distances, values, nats, bitsPerDim } = found;
  return {
    columns: [
      { name: 'train', values: Array.from(indices) },
      { name: 'distance', values: distances },
      { name: 'nll', unit: 'nats', values: nats },
      ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
      ...valuesOf(values, 1),
    ],
    arrays: { examples: values, distances: vector(distances) },
  };
}
