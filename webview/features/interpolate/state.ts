import { signal } from '@preact/signals';
import { cornersState } from '../../base/examples/corners-state';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const interpolateState = stateOf((store) => {
  const { grid } = store.state(cornersState);
  /** Which of the four examples the controls change. */
  const slot = signal(0);
  /** The picked point of the manifold, row · angles + column. */
  const point = signal(0);
  return {
    slot,
    point,
    manifold: ask(store.context, 'manifold', () => (store.shows('interpolate') ? grid.value : null)),
    reset() {
      slot.value = 0;
      point.value = 0;
    },
  };
});
