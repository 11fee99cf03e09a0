import { fewMixed, hasMatrix } from '../../../src/protocol/mixing';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const matrixState = stateOf((store) => {
  // A saved page holds the way of the first feature.
  return ask(store.context, 'mixing', () => {
    const layer = store.layerInfo();
    if (!store.shows('matrix') || !store.selection.value || !layer || !hasMatrix(layer)) return null;
    const n = layer.inputShape.at(-1)!;
    // The ways of a few are all there, whichever is marked.
    const marked = store.isSaved || n <= fewMixed ? -1 : store.marked.value;
    return { layer: layer.index, feature: marked < 0 ? -1 : marked % n };
  });
});
