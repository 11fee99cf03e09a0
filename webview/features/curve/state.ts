import { hasCurves } from '../../../src/protocol/questions';
import type { TransformCurveView } from '../../../src/protocol/transform-curve';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export const curveState: StateDefinition<Question<TransformCurveView>> = {
  create(store) {
    return ask(store.context, 'transformCurve', () => {
      const layer = store.layerInfo();
      return store.shows('curve') && store.selection.value && layer && hasCurves(layer)
        ? { ...store.selection.value, layer: layer.index }
        : null;
    });
  },
};
