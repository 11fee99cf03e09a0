/** Messages from the host to the page, and from the page to the host. */
import { runState } from '../base/store/run-state';
import type { Store } from '../base/store/store';
import { act } from './actions';
import { goneState } from './gone-note';
import { tellSelection } from './outline';
import { panelsState } from './panels-state';
import { steppingState } from './stepping';

export function listen(store: Store): void {
  const { run } = store.state(runState);
  store.connection.listen({
    changed(what) {
      if (what === 'run') {
        run.changed();
        return;
      }
      store.state(goneState).value = what === 'gone';
      if (what === 'model') store.renew();
    },
    select({ layer, tab }) {
      if (layer !== undefined) store.selectLayer(layer);
      const opened = store.model.peek();
      if (opened && store.featuresIn('layer', opened).some(({ id }) => id === tab))
        store.tabs.layer.value = tab!;
    },
    act: (action) => act(store, action),
  });
  // There from the start, not from the first step or picture on.
  store.state(steppingState);
  store.state(panelsState);
  tellSelection(store);
}
