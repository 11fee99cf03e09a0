import type { Store } from '../../base/store/store';
import type { ViewData } from '../../base/view-data/view-data';
import { networkState } from './state';

export function networkNumbers(store: Store): ViewData {
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
