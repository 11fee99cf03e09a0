import { signal } from '@preact/signals';
import { usualBlock } from '../../../src/protocol/jacobian';
import { hasJacobian, jacobianQuery } from '../../../src/protocol/questions';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const jacobianState = stateOf((store) => {
  const { selection, marked } = store;
  // A saved page holds the block around the first element that moves.
  /** Elements of the block, of layers with more than are shown at once. */
  const count = signal(usualBlock);
  return {
    order: signal<'passing' | 'own'>('passing'),
    count,
    jacobian: ask(store.context, 'jacobian', () => {
      const layer = store.layerInfo();
      return store.shows('jacobian') && selection.value && layer && hasJacobian(layer)
        ? jacobianQuery(selection.value, layer, store.isSaved ? -1 : marked.value, count.value)
        : null;
    }),
  };
});
