import { fieldPair } from '../../base/layers/feature-pair';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const pathsState = stateOf((store) => ({
  paths: ask(store.context, 'fieldPaths', () =>
    store.shows('paths')
      ? {
          batch: store.batch.value,
          example: store.example.value,
          features: store.state(fieldPair).features.value,
        }
      : null,
  ),
}));
