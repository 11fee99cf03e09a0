import { fewMixed, hasMatrix } from '../../../src/protocol/mixing';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const matrixState = stateOf((store) => {
  // A saved page holds the way of the first feature.
  const recorded = store.connection.choices !== undefined;
  return ask(store.context, 'mixing', () => {
    const layer = store.layerInfo();
    if (!store.shows('matrix') || !store.selection.value || !layer || !hasMatrix(layer)) return null;
    const n = layer.inputShape.at(-1)!;
    // The ways of a few are all there, whichever is marked.
    const marked = recorded || n <= fewMixed ? -1 : store.marked.value;
    return { layer: layer.index, feature: marked < 0 ? -1 : marked % n };
  });
});
