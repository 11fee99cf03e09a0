import { signal } from '@preact/signals';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const pathsState = stateOf((store) => {
  /** Those that are drawn: across, up. */
  const features = signal<[number, number]>([0, 1]);
  return {
    features,
    paths: ask(store.context, 'fieldPaths', () =>
      store.shows('paths')
        ? { batch: store.batch.value, example: store.example.value, features: features.value }
        : null,
    ),
    reset: () => void (features.value = [0, 1]),
  };
});
