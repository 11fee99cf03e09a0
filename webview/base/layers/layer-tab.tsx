/** The view and the numbers of an answer about a layer. */
import type { ComponentChildren } from 'preact';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { useStore, Asked } from '../store/use-store';
import { type Question } from '../store/question';
import type { LayerFeature, Store } from '../store/store';
import type { ViewData } from '../view-data/view-data';

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
      <Asked question={question(useStore())} skeleton={<MapSkeleton />} failedTitle={failedTitle?.()}>
        {(view) => <Tab model={model} layer={layer} view={view} />}
      </Asked>
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
