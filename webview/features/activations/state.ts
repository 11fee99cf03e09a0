/** What is seen of the layer's maps. Choices name their layer, so that they end when another is selected. */
import { computed, signal } from '@preact/signals';
import { tensorRoles, type TensorRole } from '../../../src/protocol/quantities';
import type { TensorWindow } from '../../../src/protocol/tensor-window';
import { layerViewState } from '../../base/store/layer-view';
import { ask, stateOf, type Question } from '../../base/store/store';
import type { RangeChoice } from './color-ranges';
import { wholeMap, type MapView } from './map-view';
import { visibleWindow } from './windows';

export const activationsState = stateOf((store) => {
  const { connection, selection, layer } = store;
  const { layerView } = store.state(layerViewState);
  /** What is seen of the layer's maps; of another layer, all. */
  const mapView = signal<MapView & { layer: number }>({ ...wholeMap, layer: -1 });
  const channelPage = signal(0);
  store.onLayer(() => void (channelPage.value = 0));
  const visiblePart = (role: TensorRole): Question<TensorWindow> => {
    const tensor = computed(() => {
      const view = layerView.found.value;
      return view?.layer === layer.value
        ? view.tensors.find((one) => one.role === role && !one.data)
        : undefined;
    });
    return ask(store.context, 'tensorWindow', () => {
      if (!tensor.value || !selection.value || connection.choices || !store.shows('activations')) return null;
      const { name, shape } = tensor.value;
      const seen = mapView.value.layer === layer.value ? mapView.value : wholeMap;
      const window = visibleWindow(shape, channelPage.value, seen);
      return { ...selection.value, layer: layer.value, tensor: name, ...window };
    });
  };
  return {
    mapView,
    mapRange: signal<RangeChoice>('most'),
    /** The element under the pointer. */
    pointed: signal<{ tensor: string; index: number } | undefined>(undefined),
    channelPage,
    /** The visible part of each tensor that is too large to come with its layer, by what the tensor is. */
    windows: Object.fromEntries(tensorRoles.map((role) => [role, visiblePart(role)])) as Record<
      TensorRole,
      Question<TensorWindow>
    >,
    reset: () => void (channelPage.value = 0),
  };
});
