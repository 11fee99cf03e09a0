import { hasCurves } from '../../../src/protocol/questions';
import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
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
  ...layerTab((store) => store.state(curveState), CurveTab, curveNumbers),
};
