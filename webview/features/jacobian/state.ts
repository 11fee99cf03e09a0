import { signal, type Signal } from '@preact/signals';
import { usualBlock, type JacobianView } from '../../../src/protocol/jacobian';
import { hasJacobian, jacobianQuery } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface JacobianState {
  order: Signal<'passing' | 'own'>;
  /** Elements of the block, of layers with more than are shown at once. */
  count: Signal<number>;
  jacobian: Question<JacobianView>;
}

export const jacobianState: StateDefinition<JacobianState> = {
  create(store) {
    const { selection, marked } = store;
    // A saved page holds the block around the first element that moves.
    const recorded = store.connection.choices !== undefined;
    const count = signal(usualBlock);
    return {
      order: signal<'passing' | 'own'>('passing'),
      count,
      jacobian: ask(store.context, 'jacobian', () => {
        const layer = store.layerInfo();
        return store.shows('jacobian') && selection.value && layer && hasJacobian(layer)
          ? jacobianQuery(selection.value, layer, recorded ? -1 : marked.value, count.value)
          : null;
      }),
    };
  },
};
