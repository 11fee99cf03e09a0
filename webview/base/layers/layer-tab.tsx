/** The view and the numbers of an answer about a layer. */
import type { ComponentChildren } from 'preact';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { useStore, AnswerView } from '../store/use-store';
import type { Question, LayerFeature, Store } from '../store/store';
import { type ViewData, places, vector } from '../view-data/view-data';
import type { ShownLayer } from '../store/layer-view';

export interface LayerTabProps<View> {
  model: ModelSummary;
  layer: LayerInfo;
  view: View;
}

/** @param failedTitle in place of the usual one */
export function layerTab<View>(
  question: (store: Store) => Question<View>,
  Tab: (props: LayerTabProps<View>) => ComponentChildren,
  numbersOf: (view: View) => ViewData,
  failedTitle?: () => string,
): Pick<LayerFeature, 'View' | 'numbers'> {
  return {
    View: ({ model, layer }) => (
      <AnswerView question={question(useStore())} skeleton={<MapSkeleton />} failedTitle={failedTitle?.()}>
        {(view) => <Tab model={model} layer={layer} view={view} />}
      </AnswerView>
    ),
    numbers(store) {
      const view = question(store).found.value;
      return view ? numbersOf(view) : {};
    },
  };
}

/** In place of maps that are still computed; frames keep the size of the ready view. */
export function MapSkeleton() {
  return (
    <div class="maps">
      {[0, 1, 2, 3].map((i) => (
        <div class="map" key={i}>
          <h3>&nbsp;</h3>
          <div class="skeleton pulse" style={{ width: '128px', height: '128px' }} />
          <div class="skeleton" style={{ width: '128px', height: '60px', marginTop: '8px' }} />
        </div>
      ))}
    </div>
  );
}

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
