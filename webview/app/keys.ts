/** Keys that work anywhere on the page, unless the focused control wants them itself. */
import { tabsOf, type Store } from '../base/store/store';
import { stepCheckpoint, stepLayer } from './actions';

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
    store.helpOpen.value = true;
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
      store.stepExample(-1);
      break;
    case 'ArrowRight':
      store.stepExample(1);
      break;
    case '[':
      stepCheckpoint(store, -1);
      break;
    case ']':
      stepCheckpoint(store, 1);
      break;
    default: {
      const tab = /^[1-9]$/.test(event.key) ? tabsOf(model)[Number(event.key) - 1] : undefined;
      if (!tab) return;
      store.tab.value = tab;
    }
  }
  event.preventDefault();
}

/**
 * Where there is nothing to go back to, the key is left to VS Code, which goes back to another editor. Otherwise it must
 * not hear of it: a webview passes on the keys that reach its window.
 */
function handleHistoryKey(store: Store, event: KeyboardEvent): void {
  const { canGoBack, canGoForward, back, forward } = store.history;
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
