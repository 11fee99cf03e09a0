import type { LayerFeature } from '../../base/store/store';
import { text } from './text';
import { hasJacobian } from '../../../src/protocol/questions';
import { layerTab } from '../../base/layers/layer-tab';
import { words } from '../../base/words';
import { jacobianState } from './state';
import { JacobianTab } from './view';
import './style.css';
import type { JacobianView } from '../../../src/protocol/jacobian';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each y, one column for each x; elements by their number in the layer. */
function jacobianNumbers({ elements, matrix, passes, expected }: JacobianView): ViewData {
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

export const jacobian: LayerFeature = {
  id: 'jacobian',
  region: 'layer',
  asks: 'jacobian',
  title: () => text.tab,
  state: jacobianState,
  missing(layer) {
    if (layer.lacksJacobian) return { title: words.notInRecording, why: words.largeJacobian };
    return hasJacobian(layer) ? undefined : { title: text.noJacobian, why: text.noJacobianWhy };
  },
  ...layerTab(
    (store) => store.state(jacobianState).jacobian,
    JacobianTab,
    jacobianNumbers,
    () => text.noJacobianHere,
  ),
};
