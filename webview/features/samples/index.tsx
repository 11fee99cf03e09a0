import type { RegionFeature, Store } from '../../base/store/store';
import { words } from '../../base/words';
import { isPlane } from '../../../src/protocol/questions';
import { PlaneSamples, Samples } from './view';
import { samplesState } from './state';
import './style.css';
import { planeView } from '../../base/store/plane-view';
import type { FloatArray } from '../../base/view-data/npy';
import { rowsOf, type ViewData } from '../../base/view-data/view-data';

function sampleNumbers(store: Store): ViewData {
  const plane = store.state(planeView).found.value;
  const values =
    store.state(samplesState).samples.found.value?.values ??
    (plane && firstOf(plane.samples, store.samplesQuery.value.count));
  return values
    ? {
        columns: rowsOf('sample', values, 1),
        arrays: { samples: values, ...(plane ? { density: plane.density } : {}) },
      }
    : {};
}

/** As many as the view shows. */
function firstOf({ shape: [total = 0, ...event], data }: FloatArray, count: number): FloatArray {
  const n = Math.min(count, total);
  return { shape: [n, ...event], data: data.subarray(0, (data.length / Math.max(1, total)) * n) };
}

export const samples: RegionFeature = {
  id: 'samples',
  region: 'gallery',
  asks: 'samples',
  title: () => words.samples,
  state: samplesState,
  View: ({ model }) => (isPlane(model) ? <PlaneSamples model={model} /> : <Samples model={model} />),
  panel: 'samples-panel flex-column',
  numbers: sampleNumbers,
};
