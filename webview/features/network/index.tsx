import { useFeature, Asked } from '../../base/store/use-store';
import type { LayerFeature, Store } from '../../base/store/store';
import { text } from './text';
import { networkState } from './state';
import { NetworkTab } from './view';
import './style.css';
import type { ViewData } from '../../base/view-data/view-data';

function networkNumbers(store: Store): ViewData {
  const view = store.state(networkState).network.found.value;
  if (!view) return {};
  const all = [...view.parameters, ...view.state];
  return {
    columns: [
      { name: 'tensor', values: all.map(({ name }) => name) },
      { name: 'shape', values: all.map(({ shape }) => shape.join('x')) },
      ...(['count', 'min', 'mean', 'max', 'std', 'nan', 'inf'] as const).map((name) => ({
        name,
        values: all.map(({ stats }) => stats[name]),
      })),
    ],
  };
}

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
