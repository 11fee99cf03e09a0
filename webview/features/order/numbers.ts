import type { OrderView } from '../../../src/protocol/order';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input, both in the layer's order; features by their number. */
export function orderNumbers({ features, measured, from }: OrderView): ViewData {
  return {
    columns: [
      ...columnsOf({ place: Array.from(features, (_, i) => from + i), y: features }),
      ...valuesOf(measured, 1, (column) => `x${features[column]}`),
    ],
    arrays: { order: vector(features), measured },
  };
}
