import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { layerNumbers } from '../../base/layers/layer-numbers';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { layerViewState } from '../../base/store/layer-view';
import { LogDetTab } from './view';

export const logdet: LayerFeature = {
  id: 'logdet',
  region: 'layer',
  title: () => text.tab,
  layerView: 'whole',
  View: ({ model, layer }) => (
    <Asked question={useFeature(layerViewState).layerView} skeleton={<MapSkeleton />}>
      {(view) => <LogDetTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: layerNumbers,
};
