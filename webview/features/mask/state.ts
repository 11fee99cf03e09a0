import type { MaskView } from '../../../src/protocol/inspect';
import { isCoupling } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export const maskState: StateDefinition<Question<MaskView>> = {
  create: (store) =>
    ask(store.context, 'mask', () => {
      const layer = store.layerInfo();
      return store.shows('mask') && layer && isCoupling(layer) ? { layer: layer.index } : null;
    }),
};
