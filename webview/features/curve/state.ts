import { hasCurves } from '../../../src/protocol/questions';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const curveState = stateOf((store) =>
  ask(store.context, 'transformCurve', () => {
    const layer = store.layerInfo();
    return store.shows('curve') && store.selection.value && layer && hasCurves(layer)
      ? { ...store.selection.value, layer: layer.index }
      : null;
  }),
);
