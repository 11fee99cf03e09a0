import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import {
  classesAtOnce,
  type AtConditions,
  type ContextUse,
  type Varied,
} from '../../../src/protocol/conditions';
import { atConditionsQuery, hasConditions, variedConditions } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition, StateParts } from '../../base/store/store';

export interface ConditionsState extends StateParts {
  use: Question<ContextUse>;
  sideBySide: Question<AtConditions>;
  /** What varies. */
  varied: ReadonlySignal<Varied | undefined>;
  vary(chosen: Varied): void;
  /** First class of the page. */
  turnTo(from: number): void;
  /** Features that are drawn, where the flow has more than two: across, up. */
  features: Signal<[number, number]>;
  /** Whether colors are of p or of its logarithm. */
  colors: Signal<'p' | 'ln'>;
  drawn: Signal<'density' | 'samples' | 'both'>;
}

export const conditionsState: StateDefinition<ConditionsState> = {
  create(store) {
    const { batch, context, example, given, runnable, model, samplesQuery } = store;
    // A saved page asks for what it holds.
    const saved = store.connection.choices !== undefined;
    // Rows of the data keep their own conditions; samples have the one that is chosen.
    const ofSamples = computed(() => (batch.value.split === 'sample' ? given.value : undefined));
    const shown = computed(() =>
      store.shows('conditions') && runnable.value && model.value && hasConditions(model.value)
        ? model.value
        : undefined,
    );
    const chosen = signal<Varied | undefined>(undefined);
    const varied = computed(
      () => chosen.value ?? (model.value?.context && variedConditions(model.value.context)[0]),
    );
    const features = signal<[number, number]>([0, 1]);
    return {
      varied,
      vary: (next) => void (chosen.value = next),
      turnTo(from) {
        const total = model.value?.context?.classes?.count ?? 0;
        chosen.value = { kind: 'class', from, count: Math.min(classesAtOnce, total - from) };
      },
      features,
      colors: signal<'p' | 'ln'>('p'),
      drawn: signal<'density' | 'samples' | 'both'>('both'),
      use: ask({ ...context, given: ofSamples }, 'contextUse', () =>
        shown.value ? { batch: batch.value } : null,
      ),
      sideBySide: ask(context, 'atConditions', () => {
        if (!shown.value || !varied.value) return null;
        const wide = shown.value.kind === 'vector' && shown.value.shape[0]! > 2;
        return {
          ...atConditionsQuery(
            shown.value,
            batch.value,
            varied.value,
            samplesQuery.value,
            saved,
            wide ? features.value : undefined,
          ),
          ...(saved || !example.value ? {} : { example: example.value }),
        };
      }),
      reset() {
        chosen.value = undefined;
        features.value = [0, 1];
      },
    };
  },
};
