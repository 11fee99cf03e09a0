import { computed, signal } from '@preact/signals';
import { classesAtOnce, type Varied } from '../../../src/protocol/conditions';
import { atConditionsQuery, hasConditions, variedConditions } from '../../../src/protocol/questions';
import { ask, stateOf } from '../../base/store/store';

export const conditionsState = stateOf((store) => {
  const { batch, context, example, contextOverride, runnable, model, samplesQuery } = store;
  // Rows of the data keep their own conditions; samples have the one that is chosen.
  const ofSamples = computed(() => (batch.value.split === 'sample' ? contextOverride.value : undefined));
  const shown = computed(() =>
    store.shows('conditions') && runnable.value && model.value && hasConditions(model.value)
      ? model.value
      : undefined,
  );
  const chosen = signal<Varied | undefined>(undefined);
  /** What varies. */
  const varied = computed(
    () => chosen.value ?? (model.value?.context && variedConditions(model.value.context)[0]),
  );
  /** Features that are drawn, where the flow has more than two: across, up. */
  const features = signal<[number, number]>([0, 1]);
  return {
    varied,
    vary: (next: Varied) => void (chosen.value = next),
    /** @param from first class of the page */
    turnTo(from: number) {
      const total = model.value?.context?.classes?.count ?? 0;
      chosen.value = { kind: 'class', from, count: Math.min(classesAtOnce, total - from) };
    },
    features,
    /** Whether colors are of p or of its logarithm. */
    colors: signal<'p' | 'ln'>('p'),
    drawn: signal<'density' | 'samples' | 'both'>('both'),
    use: ask({ ...context, contextOverride: ofSamples }, 'contextUse', () =>
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
          store.isSaved,
          wide ? features.value : undefined,
        ),
        ...(store.isSaved || !example.value ? {} : { example: example.value }),
      };
    }),
    reset() {
      chosen.value = undefined;
      features.value = [0, 1];
    },
  };
});
