import type { RegionFeature, Store } from '../../base/store/store';
import { text } from './text';
import { interpolateState } from './state';
import { Interpolate } from './view';
import './style.css';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

function manifoldNumbers(store: Store): ViewData {
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

export const interpolate: RegionFeature = {
  id: 'interpolate',
  region: 'gallery',
  asks: 'manifold',
  title: () => text.interpolate,
  state: interpolateState,
  View: Interpolate,
  numbers: manifoldNumbers,
};
