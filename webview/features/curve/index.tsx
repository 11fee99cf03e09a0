import { hasCurves } from '../../../src/protocol/questions';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { curveNumbers } from './numbers';
import { curveState } from './state';
import { text } from './text';
import { CurveTab } from './view';
import './style.css';

export const curve: LayerFeature = {
  id: 'curve',
  region: 'layer',
  title: () => text.tab,
  applies: (model) => model.layers.some(hasCurves),
  state: curveState,
  missing: (layer) => (hasCurves(layer) ? undefined : { title: text.noCurve, why: text.noCurveWhy }),
  View: ({ model, layer }) => (
    <Asked question={useFeature(curveState)} skeleton={<MapSkeleton />}>
      {(view) => <CurveTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: curveNumbers,
};
