import type { MixingView } from '../../../src/protocol/mixing';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input; what is of all layers comes as arrays. */
export function matrixNumbers(view: MixingView): ViewData {
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
