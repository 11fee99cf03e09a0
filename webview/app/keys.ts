/** Keys that work anywhere on the page, unless the focused control wants them itself. */
import type { Store } from '../base/store/store';
import { stepCheckpoint, stepLayer } from './actions';
import { historyState } from './history-state';
import { helpState } from './help-state';
import { steppingState } from './stepping';

const ownKeys = 'input, select, textarea, vscode-text-field, vscode-dropdown, [role=menu], dialog[open]';

export function handleKey(store: Store, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
  const target = event.target as Element | null;
  if (target?.closest(ownKeys)) return;
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
  switch (event.key) {
    case 'ArrowUp':
      stepLayer(store, -1);
      break;
    case 'ArrowDown':
      stepLayer(store, 1);
      break;
    case 'Home':
      stepLayer(store, -Infinity);
      break;
    case 'End':
      stepLayer(store, Infinity);
      break;
    case 'ArrowLeft':
      store.state(steppingState).stepExample(-1);
      break;
    case 'ArrowRight':
      store.state(steppingState).stepExample(1);
      break;
    case '[':
      stepCheckpoint(store, -1);
      break;
    case ']':
      stepCheckpoint(store, 1);
      break;
    default: {
      const tab = /^[1-9]$/.test(event.key)
        ? store.featuresIn('layer', model)[Number(event.key) - 1]
        : undefined;
      if (!tab) return;
      store.tabs.layer.value = tab.id;
    }
  }
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
