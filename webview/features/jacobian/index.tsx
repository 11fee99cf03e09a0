import type { LayerFeature } from '../../base/store/store';
import { text } from './text';
import { hasJacobian } from '../../../src/protocol/questions';
import { layerTab } from '../../base/layers/layer-tab';
import { words } from '../../base/words';
import { jacobianNumbers } from './numbers';
import { jacobianState } from './state';
import { JacobianTab } from './view';
import './style.css';

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
