import type { LayerFeature } from '../../base/store/store';
import { text } from './text';
import { layerNumbers } from '../../base/layers/layer-numbers';
import { layerTab } from '../../base/layers/layer-tab';
import { layerViewState } from '../../base/store/layer-view';
import { LogDetTab } from './view';

export const logdet: LayerFeature = {
  id: 'logdet',
  region: 'layer',
  title: () => text.tab,
  layerView: 'whole',
  ...layerTab((store) => store.state(layerViewState).layerView, LogDetTab, layerNumbers),
};
