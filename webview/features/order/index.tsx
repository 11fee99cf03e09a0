import { layerTab } from '../../base/layers/layer-tab';
import type { LayerFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { orderState } from './state';
import { text } from './text';
import { OrderTab } from './view';
import './style.css';
import type { OrderView } from '../../../src/protocol/order';
import { columnsOf, valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each output, one column for each input, both in the layer's order; features by their number. */
function orderNumbers({ features, measured, from }: OrderView): ViewData {
  return {
    columns: [
      ...columnsOf({ place: Array.from(features, (_, i) => from + i), y: features }),
      ...valuesOf(measured, 1, (column) => `x${features[column]}`),
    ],
    arrays: { order: vector(features), measured },
  };
}

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
