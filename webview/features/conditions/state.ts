import { computed } from '@preact/signals';
import type { ContextUse } from '../../../src/protocol/conditions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface ConditionsState {
  use: Question<ContextUse>;
}

export const conditionsState: StateDefinition<ConditionsState> = {
  create(store) {
    const { batch, context, given, runnable } = store;
    // Rows of the data keep their own conditions; samples have the one that is chosen.
    const ofSamples = computed(() => (batch.value.split === 'sample' ? given.value : undefined));
    return {
      use: ask({ ...context, given: ofSamples }, 'contextUse', () =>
        store.shows('conditions') && runnable.value ? { batch: batch.value } : null,
      ),
    };
  },
};
