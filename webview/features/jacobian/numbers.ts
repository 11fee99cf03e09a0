import type { JacobianView } from '../../../src/protocol/jacobian';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each y, one column for each x; elements by their number in the layer. */
export function jacobianNumbers({ elements, matrix, passes, expected }: JacobianView): ViewData {
  return {
    columns: [
      { name: 'y', values: elements },
      ...valuesOf(matrix, 1, (j) => `x${elements[j]}`),
      ...columnsOf({ from_scale: expected, passes }),
    ],
    arrays: {
      jacobian: matrix,
      elements: vector(elements),
      ...(expected ? { from_scale: vector(expected) } : {}),
      ...(passes ? { passes: vector(passes) } : {}),
    },
  };
}
