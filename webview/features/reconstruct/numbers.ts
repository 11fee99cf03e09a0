import type { Store } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { reconstructState } from './state';

export function reconstructionNumbers(store: Store): ViewData {
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
