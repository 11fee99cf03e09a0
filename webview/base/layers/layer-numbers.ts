import type { ShownLayer } from '../store/layer-view';
import { places, vector, type ViewData } from '../view-data/view-data';

/** Every tensor of the selected layer, element by element; nothing until the whole view is there. */
export function layerNumbers(view: ShownLayer): ViewData {
  if (!view.logDetBatch) return {};
  const tensors = view.tensors.flatMap(({ name, role, shape, data }) =>
    data ? [{ name, shape, data, nats: role === 'logScale' }] : [],
  );
  const shape = tensors[0]?.shape ?? [];
  const size = tensors[0]?.data.length ?? 0;
  const maps = [
    ...tensors,
    ...(view.mask ? [{ name: 'mask', ...view.mask, nats: false }] : []),
    ...(view.logDetMap ? [{ name: 'log_det', ...view.logDetMap, nats: true }] : []),
    ...(view.logDetMapMean ? [{ name: 'log_det_mean', ...view.logDetMapMean, nats: true }] : []),
  ];
  return {
    columns: [
      ...places(shape),
      ...maps
        .filter(({ data }) => data.length <= size)
        .map(({ name, data, nats }) => ({ name, ...(nats ? { unit: 'nats' } : {}), values: data })),
    ],
    arrays: {
      ...Object.fromEntries(maps.map(({ name, shape, data }) => [name, { shape, data }])),
      log_det_batch: vector(view.logDetBatch),
    },
  };
}
