/** What is seen of the layer's maps. Choices name their layer, so that they end when another is selected. */
import { computed, signal } from '@preact/signals';
import { layerViewState } from '../../base/store/layer-view';
import { stateOf } from '../../base/store/store';
import type { RangeChoice } from './color-ranges';
import { wholeMap, type MapView } from './map-view';
import { createWindows } from './windows';

export const activationsState = stateOf((store) => {
  const { connection, selection, layer } = store;
  const { layerView } = store.state(layerViewState);
  /** What is seen of the layer's maps; of another layer, all. */
  const mapView = signal<MapView & { layer: number }>({ ...wholeMap, layer: -1 });
  const channelPage = signal(0);
  store.onLayer(() => void (channelPage.value = 0));
  return {
    mapView,
    mapRange: signal<RangeChoice>('most'),
    /** The element under the pointer. */
    pointed: signal<{ tensor: string; index: number } | undefined>(undefined),
    channelPage,
    windows: createWindows(store.context, {
      selection: computed(() => (connection.choices || !store.shows('activations') ? null : selection.value)),
      layer,
      tensors: computed(() => {
        const view = layerView.found.value;
        return view?.layer === layer.value ? view.tensors : undefined;
      }),
      page: channelPage,
      mapView,
    }),
    reset: () => void (channelPage.value = 0),
  };
});
