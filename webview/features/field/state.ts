import { fieldPair } from '../../base/layers/feature-pair';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const fieldState = stateOf((store) => ({
  plane: ask(store.context, 'fieldPlane', () =>
    store.shows('field')
      ? {
          layer: store.layer.value,
          batch: store.batch.value,
          example: store.example.value,
          features: store.state(fieldPair).features.value,
        }
      : null,
  ),
}));
