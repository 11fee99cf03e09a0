/** What keys, buttons and commands of the host do alike. */
import type { PageAction } from '../../src/protocol/page-actions';
import type { Store } from '../base/store/store';
import { reportOf } from './report';
import { placeOf } from './step-picker';
import { runState } from '../base/store/run-state';
import { historyState } from './history-state';
import { helpState } from './help-state';
import { steppingState } from './stepping';
import { compareState } from '../features/compare/state';

export function stepCheckpoint(store: Store, by: number): void {
  if (!store.model.peek() || store.isSaved) return;
  const ordered = store.state(runState).checkpoints.peek();
  const next = ordered[placeOf(ordered, store.checkpoint.wanted.peek() ?? store.checkpoint.own.peek()) + by];
  if (next) store.checkpoint.look(next.path);
}

/** To the layer `by` places away, or to an end for ±Infinity. */
export function stepLayer(store: Store, by: number): void {
  const layers = store.model.peek()?.layers ?? [];
  const at = layers.findIndex((layer) => layer.index === store.layer.peek());
  const layer = layers[Math.min(layers.length - 1, Math.max(0, at + by))];
  if (layer) store.selectLayer(layer.index);
}

function drawSamples(store: Store): void {
  if (store.fixed.peek()) return;
  const query = store.samplesQuery.peek();
  store.tabs.gallery.value = 'samples';
  store.samplesQuery.value = { ...query, seed: query.seed + 1 };
}

const actions: Record<PageAction, (store: Store) => void> = {
  previousLayer: (store) => stepLayer(store, -1),
  nextLayer: (store) => stepLayer(store, 1),
  firstLayer: (store) => stepLayer(store, -Infinity),
  lastLayer: (store) => stepLayer(store, Infinity),
  previousExample: (store) => store.state(steppingState).stepExample(-1),
  nextExample: (store) => store.state(steppingState).stepExample(1),
  previousCheckpoint: (store) => stepCheckpoint(store, -1),
  nextCheckpoint: (store) => stepCheckpoint(store, 1),
  goBack: (store) => store.state(historyState).back(),
  goForward: (store) => store.state(historyState).forward(),
  drawSamples,
  compareWith: (store) => void store.state(compareState).choose(),
  copyReport: (store) => {
    const report = reportOf(store);
    if (report) void store.connection.host.copyText(report);
  },
  showKeys: (store) => (store.state(helpState).value = true),
};

/** Does nothing in a page whose model cannot be run, except to show the keys. */
export function act(store: Store, action: PageAction): void {
  if (!Object.hasOwn(actions, action)) return;
  if (store.model.peek()?.runnable || action === 'showKeys') actions[action](store);
}
