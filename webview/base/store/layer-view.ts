/** The selected layer's tensors and log-dets, which several of its tabs show. */
import { computed } from '@preact/signals';
import type { ExampleLayer, LayerView } from '../../../src/protocol/inspect';
import { ask, wholeOrPart, type Question, stateOf, type Store } from './store';
import type { ExampleRef } from '../../../src/protocol/selection';

export type ShownLayer = ExampleLayer & Partial<LayerView>;

export const layerViewState = stateOf((store) => {
  const { context, selection, layer } = store;
  const reads = computed(() => {
    const model = store.model.value;
    const open = model && store.featuresIn('layer', model).find(({ id }) => store.shows(id));
    return open?.layerView;
  });
  const layerView = ask(context, 'layer', () =>
    selection.value && store.layerInfo() && reads.value ? { ...selection.value, layer: layer.value } : null,
  );
  const ofExample = ask(context, 'layerOfExample', () => {
    const alone = reads.value === 'exampleFirst' ? exampleAlone(store, layerView) : undefined;
    return alone ? { example: alone, layer: layer.value } : null;
  });
  return {
    layerView,
    shownLayer: wholeOrPart<LayerView, ShownLayer>(layerView, ofExample),
    /** The layer whose view is there; null where no tab reads it. */
    answeredLayer: computed(() => (layerView.found.value ? layer.value : null)),
  };
});

/** The example to ask of alone while the whole answer takes its time. A saved page has the whole answer at once. */
export function exampleAlone(store: Store, whole: Question<unknown>): ExampleRef | undefined {
  const answer = whole.answer.value;
  const waits = answer.status === 'loading' && answer.slow;
  return waits && store.mode.value === 'eval' && !store.isSaved ? store.example.value : undefined;
}
