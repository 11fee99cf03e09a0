import type { MixingView } from '../../../src/protocol/mixing';
import { vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input; what is of all layers comes as arrays. */
export function matrixNumbers(view: MixingView): ViewData {
  const { matrix, singularValues, all, spread, followed, shares } = view;
  const n = singularValues.length;
  const numbers = Array.from({ length: n }, (_, i) => i);
  return {
    columns: [
      { name: 'output', values: numbers },
      ...numbers.map((column) => ({
        name: `input${column}`,
        values: numbers.map((row) => matrix.data[row * n + column]),
      })),
      { name: 'singular_value', values: Array.from(singularValues) },
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
