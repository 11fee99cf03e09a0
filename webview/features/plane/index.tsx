import { useFeature, Asked } from '../../base/store/use-store';
import type { LayerFeature, Store } from '../../base/store/store';
import { text } from './text';
import { isPlane } from '../../../src/protocol/questions';
import { planeIsLong, planeView } from '../../base/store/plane-view';
import { planeState } from './state';
import { PlaneTab } from './view';
import './style.css';
import type { ModelSummary } from '../../../src/protocol/model';
import type { FloatArray } from '../../base/view-data/npy';
import type { ViewData } from '../../base/view-data/view-data';

function planeNumbers(store: Store, model: ModelSummary): ViewData {
  const view = store.state(planeView).found.value;
  if (!view) return {};
  const { points, grids, density, samples } = view;
  const names = ['data', ...model.layers.map(({ name }) => name)];
  const last = points.at(-1)!;
  const pick = ({ data }: FloatArray, axis: number): Float32Array => data.filter((_, i) => i % 2 === axis);
  return {
    columns: [
      { name: 'x1', values: pick(points[0]!, 0) },
      { name: 'x2', values: pick(points[0]!, 1) },
      { name: 'z1', values: pick(last, 0) },
      { name: 'z2', values: pick(last, 1) },
    ],
    arrays: {
      ...Object.fromEntries(points.map((array, i) => [`points_${names[i] ?? i}`, array])),
      ...Object.fromEntries(grids.map((array, i) => [`grid_${names[i] ?? i}`, array])),
      density,
      samples,
    },
  };
}

export const plane: LayerFeature = {
  id: 'plane',
  region: 'layer',
  title: () => text.tab,
  applies: isPlane,
  state: planeState,
  panel: 'plane-panel flex-column',
  ofData: true,
  View: ({ model }) => (
    <Asked question={useFeature(planeView)} longBecause={planeIsLong(model)}>
      {(view) => <PlaneTab model={model} view={view} />}
    </Asked>
  ),
  numbers: planeNumbers,
};
