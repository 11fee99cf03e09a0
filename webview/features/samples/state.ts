import { signal } from '@preact/signals';
import { isPlane } from '../../../src/protocol/questions';
import { ask, latest, stateOf } from '../../base/store/store';

export const samplesState = stateOf((store) => {
  const { context, model, runnable, samplesQuery, pickedSample } = store;
  const samples = ask(context, 'samples', () =>
    store.shows('samples') && model.value && !isPlane(model.value) ? samplesQuery.value : null,
  );
  return {
    samples,
    /** The picked sample's way from z to x. */
    morph: ask(context, 'morph', () =>
      runnable.value && latest(samples.answer.value) && model.value?.kind === 'image'
        ? { ...samplesQuery.value, index: Math.min(pickedSample.value, samplesQuery.value.count - 1) }
        : null,
    ),
    /** Position on that way from z (0) to x; absent shows the last. */
    morphStep: signal<number | undefined>(undefined),
  };
});
