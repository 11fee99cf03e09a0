import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { layerNumbers } from '../../base/layers/layer-numbers';
import { MapSkeleton } from '../../base/layers/map-skeleton';
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
  View: ({ model, layer }) => (
    <Asked question={useFeature(layerViewState).shownLayer} skeleton={<MapSkeleton />}>
      {(view) => <Activations model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: layerNumbers,
};
