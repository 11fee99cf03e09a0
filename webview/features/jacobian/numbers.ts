import type { JacobianView } from '../../../src/protocol/jacobian';
import { vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each y, one column for each x; elements by their number in the layer. */
export function jacobianNumbers({ elements, matrix, passes, expected }: JacobianView): ViewData {
  const k = elements.length;
  const all = Array.from(elements);
  return {
    columns: [
      { name: 'y', values: all },
      ...all.map((element, j) => ({
        name: `x${element}`,
        values: all.map((_, i) => matrix.data[i * k + j]),
      })),
      ...(expected ? [{ name: 'from_scale', values: Array.from(expected) }] : []),
      ...(passes ? [{ name: 'passes', values: Array.from(passes) }] : []),
    ],
    arrays: {
      jacobian: matrix,
      elements: vector(elements),
      ...(expected ? { from_scale: vector(expected) } : {}),
      ...(passes ? { passes: vector(passes) } : {}),
    },
  };
}
