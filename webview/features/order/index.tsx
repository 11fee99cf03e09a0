import { MapSkeleton } from '../../base/layers/map-skeleton';
import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
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
  View: ({ model, layer }) => (
    <Asked question={useFeature(orderState).order} skeleton={<MapSkeleton />}>
      {(view) => <OrderTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: orderNumbers,
};
