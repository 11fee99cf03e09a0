/** The selected layer's tensors and log-dets, which several of its tabs show. */
import { computed } from '@preact/signals';
import type { ExampleLayer, LayerView } from '../../../src/protocol/inspect';
import { exampleAlone } from './example-alone';
import { ask, wholeOrPart } from './question';
import { stateOf } from './store';

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
    asked: computed(() => (layerView.found.value ? layer.value : null)),
  };
});
