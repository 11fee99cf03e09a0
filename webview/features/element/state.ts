import type { Contribution } from '../../../src/protocol/contribution';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export const elementState: StateDefinition<Question<Contribution>> = {
  create: (store) =>
    ask(store.context, 'contribution', () =>
      store.shows('element') && store.example.value ? store.selection.value : null,
    ),
};
