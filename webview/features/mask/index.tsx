import { type LayerFeature, stateOf } from '../../base/store/store';
import { text } from './text';
import { isCoupling } from '../../../src/protocol/questions';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { featureName } from '../../base/layers/layer-names';
import { layerTab } from '../../base/layers/layer-tab';
import { MaskTab } from './view';
import './style.css';
import type { MaskView } from '../../../src/protocol/inspect';
import { places, type ViewData } from '../../base/view-data/view-data';
import { ask } from '../../base/store/question';

const maskState = stateOf((store) =>
  ask(store.context, 'mask', () => {
    const layer = store.layerInfo();
    return store.shows('mask') && layer && isCoupling(layer) ? { layer: layer.index } : null;
  }),
);

function maskNumbers(view: MaskView): ViewData {
  return {
    columns: [...places(view.inImage.shape), { name: 'read', values: view.inImage.data }],
    arrays: { mask: view.mask, in_image: view.inImage },
  };
}

function whyNone({ order }: LayerInfo, model: ModelSummary): string {
  if (!order) return text.noMaskWhy;
  const shown = order.slice(0, 12).map((feature) => featureName(model, feature));
  return text.inOrder([...shown, ...(order.length > shown.length ? ['…'] : [])].join(', '));
}

export const mask: LayerFeature = {
  id: 'mask',
  region: 'layer',
  title: () => text.tab,
  state: maskState,
  missing: (layer, model) =>
    isCoupling(layer) ? undefined : { title: text.noMask, why: whyNone(layer, model) },
  ...layerTab((store) => store.state(maskState), MaskTab, maskNumbers),
};
