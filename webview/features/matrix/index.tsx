import { hasMatrix, mostMixed, type MixingView, fewMixed } from '../../../src/protocol/mixing';
import type { LayerInfo } from '../../../src/protocol/model';
import { questionTab } from '../../base/layers/layer-tab';
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

export const matrix = questionTab({
  id: 'matrix',
  title: () => text.tab,
  applies: (model) => model.layers.some(({ mixes }) => mixes),
  missing,
  method: 'mixing',
  query(layer, store) {
    if (!hasMatrix(layer)) return undefined;
    const n = layer.inputShape.at(-1)!;
    // The ways of a few are all there, whichever is marked; a saved page holds the way of the first feature.
    const marked = store.isSaved || n <= fewMixed ? -1 : store.marked.value;
    return { layer: layer.index, feature: marked < 0 ? -1 : marked % n };
  },
  Tab: MatrixTab,
  numbers: matrixNumbers,
});
