/** Keys that work anywhere on the page, unless the focused control wants them itself. */
import type { Store } from '../base/store/store';
import { stepCheckpoint, stepLayer } from './listen';
import { historyState } from './history-state';
import { helpState } from './help-state';
import { steppingState } from './stepping';

const controlsWithKeys =
  'input, select, textarea, vscode-text-field, vscode-dropdown, [role=menu], dialog[open]';

const steps: Partial<Record<string, (store: Store) => void>> = {
  ArrowUp: (store) => stepLayer(store, -1),
  ArrowDown: (store) => stepLayer(store, 1),
  Home: (store) => stepLayer(store, -Infinity),
  End: (store) => stepLayer(store, Infinity),
  ArrowLeft: (store) => store.state(steppingState).stepExample(-1),
  ArrowRight: (store) => store.state(steppingState).stepExample(1),
  '[': (store) => stepCheckpoint(store, -1),
  ']': (store) => stepCheckpoint(store, 1),
};

export function handleKey(store: Store, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
  const target = event.target as Element | null;
  if (target?.closest(controlsWithKeys)) return;
  if (event.altKey) {
    handleHistoryKey(store, event);
    return;
  }
  const model = store.model.peek();
  if (!model) return;
  if (event.key === '?') {
    store.state(helpState).value = true;
    event.preventDefault();
    return;
  }
  if (!model.runnable) return;
  const tab = /^[1-9]$/.test(event.key) ? store.featuresIn('layer', model)[Number(event.key) - 1] : undefined;
  const step = steps[event.key];
  if (tab) store.tabs.layer.value = tab.id;
  else if (step) step(store);
  else return;
  event.preventDefault();
}

/**
 * Where there is nothing to go back to, the key is left to VS Code, which goes back to another editor. Otherwise it must
 * not hear of it: a webview passes on the keys that reach its window.
 */
function handleHistoryKey(store: Store, event: KeyboardEvent): void {
  const { canGoBack, canGoForward, back, forward } = store.state(historyState);
  const go =
    event.key === 'ArrowLeft' && canGoBack.peek()
      ? back
      : event.key === 'ArrowRight' && canGoForward.peek()
        ? forward
        : undefined;
  if (!go) return;
  go();
  event.preventDefault();
  event.stopPropagation();
}
