/** The view and the numbers of an answer about a layer. */
import type { ComponentChildren } from 'preact';
import type {
  InspectorAnswer,
  InspectorMethod,
  InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { useStore, AnswerView } from '../store/use-store';
import { ask, stateOf, type LayerFeature, type Question, type Store } from '../store/store';
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

interface QuestionTab<M extends InspectorMethod> extends Omit<
  LayerFeature,
  'region' | 'state' | 'View' | 'numbers' | 'layerView'
> {
  method: M;
  /** What is asked of a layer while the tab is open, if anything. */
  query(layer: LayerInfo, store: Store): InspectorQuery<M> | false | undefined;
  Tab(props: LayerTabProps<InspectorAnswer<M>>): ComponentChildren;
  numbers(view: InspectorAnswer<M>): ViewData;
  failedTitle?: () => string;
}

/** A tab with a question of its own. */
export function questionTab<M extends InspectorMethod>({
  method,
  query,
  Tab,
  numbers,
  failedTitle,
  ...feature
}: QuestionTab<M>): LayerFeature {
  const state = stateOf((store) =>
    ask(store.context, method, () => {
      const layer = store.layerInfo();
      return (store.shows(feature.id) && layer && query(layer, store)) || null;
    }),
  );
  const tab = layerTab((store) => store.state(state), Tab, numbers, failedTitle);
  return { region: 'layer', state, ...feature, ...tab };
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
