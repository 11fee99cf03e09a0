import { signal, type Signal } from '@preact/signals';
import type { ManifoldView } from '../../../src/protocol/inspect';
import { cornersState } from '../../base/examples/corners-state';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition, StateParts } from '../../base/store/store';

export interface InterpolateState extends StateParts {
  /** Which of the four examples the controls change. */
  slot: Signal<number>;
  /** The picked point of the manifold, row · angles + column. */
  point: Signal<number>;
  manifold: Question<ManifoldView>;
}

export const interpolateState: StateDefinition<InterpolateState> = {
  create(store) {
    const { grid } = store.state(cornersState);
    const slot = signal(0);
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
  },
};
