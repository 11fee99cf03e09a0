import type { RegionFeature, Store } from '../../base/store/store';
import { text } from './text';
import { nearestState } from './state';
import { Nearest } from './view';
import './style.css';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

function nearestNumbers(store: Store): ViewData {
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

export const nearest: RegionFeature = {
  id: 'nearest',
  region: 'gallery',
  asks: 'nearest',
  title: () => text.nearest,
  state: nearestState,
  View: Nearest,
  numbers: nearestNumbers,
};
