import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const elementState = stateOf((store) =>
  ask(store.context, 'contribution', () =>
    store.shows('element') && store.example.value ? store.selection.value : null,
  ),
);
