import { isCoupling } from '../../../src/protocol/questions';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const maskState = stateOf((store) =>
  ask(store.context, 'mask', () => {
    const layer = store.layerInfo();
    return store.shows('mask') && layer && isCoupling(layer) ? { layer: layer.index } : null;
  }),
);
