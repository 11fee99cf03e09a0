import type { LayerFeature } from '../../base/store/store';
import { text } from './text';
import { layerNumbers } from '../../base/layers/layer-numbers';
import { layerTab } from '../../base/layers/layer-tab';
import { layerViewState } from '../../base/store/layer-view';
import { activationsState } from './state';
import { Activations } from './view';
import './style.css';

export const activations: LayerFeature = {
  id: 'activations',
  region: 'layer',
  title: () => text.tab,
  state: activationsState,
  layerView: 'exampleFirst',
  ...layerTab((store) => store.state(layerViewState).shownLayer, Activations, layerNumbers),
};
