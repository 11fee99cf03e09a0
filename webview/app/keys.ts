/** Keys that work anywhere on the page, unless the focused control wants them itself. */
import type { Store } from '../base/store/store';
import type { PageAction } from '../../src/protocol/page-actions';
import { act } from './listen';
import { historyState } from './history-state';

const controlsWithKeys =
  'input, select, textarea, vscode-text-field, vscode-dropdown, [role=menu], dialog[open]';

const actions: Partial<Record<string, PageAction>> = {
  ArrowUp: 'previousLayer',
  ArrowDown: 'nextLayer',
  Home: 'firstLayer',
  End: 'lastLayer',
  ArrowLeft: 'previousExample',
  ArrowRight: 'nextExample',
  '[': 'previousCheckpoint',
  ']': 'nextCheckpoint',
  '?': 'showKeys',
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
  const action = actions[event.key];
  if (!model || !(model.runnable || action === 'showKeys')) return;
  const tab = /^[1-9]$/.test(event.key) ? store.featuresIn('layer', model)[Number(event.key) - 1] : undefined;
  if (tab) store.tabs.layer.value = tab.id;
  else if (action) act(store, action);
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
