import { signal, type Signal } from '@preact/signals';
import type { Morph, SampleGrid } from '../../../src/protocol/inspect';
import { isPlane } from '../../../src/protocol/questions';
import { ask, latest, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface SamplesState {
  samples: Question<SampleGrid>;
  /** The picked sample's way from z to x. */
  morph: Question<Morph>;
  /** Position on that way from z (0) to x; absent shows the last. */
  morphStep: Signal<number | undefined>;
}

export const samplesState: StateDefinition<SamplesState> = {
  create(store) {
    const { context, model, runnable, samplesQuery, pickedSample } = store;
    const samples = ask(context, 'samples', () =>
      store.shows('samples') && model.value && !isPlane(model.value) ? samplesQuery.value : null,
    );
    return {
      samples,
      morph: ask(context, 'morph', () =>
        runnable.value && latest(samples.answer.value) && model.value?.kind === 'image'
          ? { ...samplesQuery.value, index: Math.min(pickedSample.value, samplesQuery.value.count - 1) }
          : null,
      ),
      morphStep: signal<number | undefined>(undefined),
    };
  },
};
