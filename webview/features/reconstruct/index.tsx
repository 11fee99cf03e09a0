import type { RegionFeature, Store } from '../../base/store/store';
import { text } from './text';
import { reconstructState } from './state';
import { Reconstruct } from './view';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

function reconstructionNumbers(store: Store): ViewData {
  const view = store.state(reconstructState).reconstructions.found.value;
  if (!view) return {};
  const { originals, values, kept } = view;
  const columns = kept.length;
  const count = values.shape[0]! * columns;
  return {
    columns: [
      { name: 'example', values: Array.from({ length: count }, (_, i) => Math.floor(i / columns)) },
      {
        name: 'kept',
        unit: 'latents',
        values: Array.from({ length: count }, (_, i) => kept[i % columns]),
      },
      ...valuesOf(values, 2),
    ],
    arrays: { originals, values, kept: vector(kept) },
  };
}

export const reconstruct: RegionFeature = {
  id: 'reconstruct',
  region: 'gallery',
  asks: 'reconstruct',
  title: () => text.reconstruct,
  // Vectors have one scale, always.
  applies: ({ kind }) => kind === 'image',
  state: reconstructState,
  View: Reconstruct,
  numbers: reconstructionNumbers,
};
