import type { SplineView } from '../../../src/protocol/spline';
import { hasSplines } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export const splineState: StateDefinition<Question<SplineView>> = {
  create(store) {
    return ask(store.context, 'spline', () => {
      const layer = store.layerInfo();
      return store.shows('spline') && store.selection.value && layer && hasSplines(layer)
        ? { ...store.selection.value, layer: layer.index }
        : null;
    });
  },
};
