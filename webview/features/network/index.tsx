import { Asked } from '../../base/store/asked';
import type { LayerFeature } from '../../base/store/store';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { networkNumbers } from './numbers';
import { networkState } from './state';
import { NetworkTab } from './view';
import './style.css';

export const network: LayerFeature = {
  id: 'network',
  region: 'layer',
  title: () => text.tab,
  state: networkState,
  View: ({ layer }) => (
    <Asked question={useFeature(networkState).network}>
      {(view) => <NetworkTab layer={layer} view={view} />}
    </Asked>
  ),
  numbers: networkNumbers,
};
