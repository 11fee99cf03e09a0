import type { Store } from '../../base/store/store';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { interpolateState } from './state';

export function manifoldNumbers(store: Store): ViewData {
  const view = store.state(interpolateState).manifold.found.value;
  if (!view) return {};
  const { angles, values, corners, norms } = view;
  const n = angles.length;
  return {
    columns: [
      {
        name: 'phi',
        unit: 'rad',
        values: Array.from({ length: n * n }, (_, i) => angles[Math.floor(i / n)]),
      },
      { name: 'phi_prime', unit: 'rad', values: Array.from({ length: n * n }, (_, i) => angles[i % n]) },
      { name: 'norm', values: norms.data },
      ...valuesOf(values, 2),
    ],
    arrays: { values, corners, norms, angles: vector(angles) },
  };
}
