import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { orderNumbers } from './numbers';
import { orderState } from './state';
import { text } from './text';
import { OrderTab } from './view';
import './style.css';

export const order: LayerFeature = {
  id: 'order',
  region: 'layer',
  title: () => text.tab,
  applies: (model) => model.layers.some((layer) => layer.order !== undefined),
  state: orderState,
  missing(layer) {
    if (!layer.order) return { title: text.noOrder, why: text.noOrderWhy };
    return layer.lacksJacobian ? { title: words.notInRecording, why: words.largeJacobian } : undefined;
  },
  ...layerTab((store) => store.state(orderState).order, OrderTab, orderNumbers),
};
