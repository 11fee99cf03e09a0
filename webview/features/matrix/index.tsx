import { hasMatrix, mostMixed } from '../../../src/protocol/mixing';
import type { LayerInfo } from '../../../src/protocol/model';
import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
import { matrixNumbers } from './numbers';
import { matrixState } from './state';
import { text } from './text';
import { MatrixTab } from './view';
import './style.css';

function missing(layer: LayerInfo): { title: string; why: string } | undefined {
  if (hasMatrix(layer)) return undefined;
  return layer.mixes
    ? { title: text.tooLarge, why: text.tooLargeWhy(layer.inputShape.at(-1)!, mostMixed) }
    : { title: text.noMatrix, why: text.noMatrixWhy };
}

export const matrix: LayerFeature = {
  id: 'matrix',
  region: 'layer',
  title: () => text.tab,
  applies: (model) => model.layers.some(({ mixes }) => mixes),
  state: matrixState,
  missing,
  ...layerTab((store) => store.state(matrixState), MatrixTab, matrixNumbers),
};
