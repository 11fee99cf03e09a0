import { hasMatrix, mostMixed, type MixingView } from '../../../src/protocol/mixing';
import type { LayerInfo } from '../../../src/protocol/model';
import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
import { matrixState } from './state';
import { text } from './text';
import { MatrixTab } from './view';
import './style.css';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input; what is of all layers comes as arrays. */
function matrixNumbers(view: MixingView): ViewData {
  const { matrix, singularValues, all, spread, followed, shares } = view;
  return {
    columns: [
      { name: 'output', values: Array.from(singularValues, (_, i) => i) },
      ...valuesOf(matrix, 1, (column) => `input${column}`),
      { name: 'singular_value', values: singularValues },
    ],
    arrays: {
      matrix,
      singular_values: vector(singularValues),
      mixing_layers: vector(Int32Array.from(all, ({ layer }) => layer)),
      log_det: vector(Float32Array.from(all, ({ logDet }) => logDet)),
      distance_from_orthogonal: vector(Float32Array.from(all, ({ distance }) => distance)),
      spread,
      followed: vector(followed),
      shares,
    },
  };
}

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
