import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { isCoupling } from '../../../src/protocol/questions';
import { MapSkeleton } from '../../base/layers/map-skeleton';
import { maskNumbers } from './numbers';
import { maskState } from './state';
import { MaskTab } from './view';
import './style.css';

export const mask: LayerFeature = {
  id: 'mask',
  region: 'layer',
  order: 4,
  title: () => text.tab,
  state: maskState,
  missing: (layer) => (isCoupling(layer) ? undefined : { title: text.noMask, why: text.noMaskWhy }),
  View: ({ model, layer }) => (
    <Asked question={useFeature(maskState)} skeleton={<MapSkeleton />}>
      {(view) => <MaskTab model={model} layer={layer} view={view} />}
    </Asked>
  ),
  numbers: maskNumbers,
};
