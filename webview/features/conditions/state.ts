import { computed, signal, type Signal } from '@preact/signals';
import type { ConditionDensities, ContextUse } from '../../../src/protocol/conditions';
import { conditionDensitiesQuery, hasConditions, isPlane } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition, StateParts } from '../../base/store/store';

export interface ConditionsState extends StateParts {
  use: Question<ContextUse>;
  densities: Question<ConditionDensities>;
  /** Number of the condition that varies. */
  varied: Signal<number>;
  /** Whether colors are of p or of its logarithm. */
  colors: Signal<'p' | 'ln'>;
  drawn: Signal<'density' | 'samples' | 'both'>;
}

export const conditionsState: StateDefinition<ConditionsState> = {
  create(store) {
    const { batch, context, given, givenContext, runnable, model, samplesQuery } = store;
    // A saved page asks for what it holds.
    const saved = store.connection.choices !== undefined;
    // Rows of the data keep their own conditions; samples have the one that is chosen.
    const ofSamples = computed(() => (batch.value.split === 'sample' ? given.value : undefined));
    const shown = computed(() =>
      store.shows('conditions') && runnable.value && model.value && hasConditions(model.value)
        ? model.value
        : undefined,
    );
    const varied = signal(0);
    return {
      varied,
      colors: signal<'p' | 'ln'>('p'),
      drawn: signal<'density' | 'samples' | 'both'>('both'),
      use: ask({ ...context, given: ofSamples }, 'contextUse', () =>
        shown.value ? { batch: batch.value } : null,
      ),
      densities: ask(givenContext, 'conditionDensities', () =>
        shown.value && isPlane(shown.value)
          ? conditionDensitiesQuery(batch.value, varied.value, samplesQuery.value, saved)
          : null,
      ),
      reset: () => void (varied.value = 0),
    };
  },
};
