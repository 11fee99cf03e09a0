import { hasSplines } from '../../../src/protocol/questions';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { splineNumbers } from './numbers';
import { splineState } from './state';
import { text } from './text';
import { SplineTab } from './view';
import './style.css';

export const spline: LayerFeature = {
  id: 'spline',
  region: 'layer',
  title: () => text.tab,
  applies: (model) => model.layers.some(hasSplines),
  state: splineState,
  missing: (layer) => (hasSplines(layer) ? undefined : { title: text.noSpline, why: text.noSplineWhy }),
  View: ({ model, layer }) => (
    <Asked question={useFeature(splineState)} skeleton={<MapSkeleton />}>
      {(view) => <SplineTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: splineNumbers,
};
