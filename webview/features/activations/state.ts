/** What is seen of the layer's maps. Choices name their layer, so that they end when another is selected. */
import { computed, signal, type Signal } from '@preact/signals';
import { layerViewState } from '../../base/store/layer-view';
import { ready } from '../../base/store/question';
import type { StateDefinition, StateParts } from '../../base/store/store';
import type { RangeChoice } from './colour-ranges';
import { wholeMap, type MapView } from './map-view';
import { createWindows, type Windows } from './windows';

export interface ActivationsState extends StateParts {
  /** What is seen of the layer's maps; of another layer, all. */
  mapView: Signal<MapView & { layer: number }>;
  mapRange: Signal<RangeChoice>;
  /** The element under the pointer. */
  pointed: Signal<{ tensor: string; index: number } | undefined>;
  channelPage: Signal<number>;
  windows: Windows;
}

export const activationsState: StateDefinition<ActivationsState> = {
  create(store) {
    const { connection, selection, layer } = store;
    const { layerView } = store.state(layerViewState);
    const mapView = signal({ ...wholeMap, layer: -1 });
    const channelPage = signal(0);
    store.onLayer(() => void (channelPage.value = 0));
    return {
      mapView,
      mapRange: signal<RangeChoice>('most'),
      pointed: signal<{ tensor: string; index: number } | undefined>(undefined),
      channelPage,
      windows: createWindows(store.context, {
        selection: computed(() =>
          connection.choices || !store.shows('activations') ? null : selection.value,
        ),
        layer,
        tensors: computed(() => {
          const view = ready(layerView.answer.value);
          return view?.layer === layer.value ? view.tensors : undefined;
        }),
        page: channelPage,
        mapView,
      }),
      reset: () => void (channelPage.value = 0),
    };
  },
};
