import type { LayerView } from '../../../src/protocol/inspect';
import { layerViewState } from '../store/layer-view';
import { ready } from '../store/question';
import type { Store } from '../store/store';
import { places, vector, type ViewData } from '../takeaway/view-data';

/** Every tensor of the selected layer, element by element. */
export function layerNumbers(store: Store): ViewData {
  const view = ready(store.state(layerViewState).layerView.answer.value);
  return view ? elementsOf(view) : {};
}

function elementsOf(view: LayerView): ViewData {
  const tensors = view.tensors.flatMap(({ name, shape, data }) => (data ? [{ name, shape, data }] : []));
  const shape = tensors[0]?.shape ?? [];
  const size = tensors[0]?.data.length ?? 0;
  const maps = [
    ...tensors,
    ...(view.mask ? [{ name: 'mask', ...view.mask }] : []),
    ...(view.logDetMap ? [{ name: 'log_det', ...view.logDetMap }] : []),
    ...(view.logDetMapMean ? [{ name: 'log_det_mean', ...view.logDetMapMean }] : []),
  ];
  const nats = ['s', 'log_det', 'log_det_mean'];
  return {
    columns: [
      ...places(shape),
      ...maps
        .filter(({ data }) => data.length <= size)
        .map(({ name, data }) => ({ name, ...(nats.includes(name) ? { unit: 'nats' } : {}), values: data })),
    ],
    arrays: {
      ...Object.fromEntries(maps.map(({ name, ...array }) => [name, array])),
      log_det_batch: vector(view.logDetBatch),
    },
  };
}
