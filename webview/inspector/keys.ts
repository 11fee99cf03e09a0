/** Keys that work anywhere on the page, unless the focused control wants them itself. */
import { tabsOf, type Store } from '../state/store';
import { placeOf } from './step-picker';

const ownKeys = 'input, select, textarea, vscode-text-field, vscode-dropdown, [role=menu], dialog[open]';

export function stepCheckpoint(store: Store, by: number): void {
  if (!store.model.peek() || store.connection.choices) return;
  const ordered = store.checkpoints.peek();
  const next = ordered[placeOf(ordered, store.checkpoint.wanted.peek() ?? store.checkpoint.own.peek()) + by];
  if (next) store.checkpoint.look(next.path);
}

export function handleKey(store: Store, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as Element | null;
  if (target?.closest(ownKeys)) return;
  const model = store.model.peek();
  if (!model) return;
  if (event.key === '?') {
    store.helpOpen.value = true;
    event.preventDefault();
    return;
  }
  if (!model.runnable) return;
  const layers = model.layers;
  const at = layers.findIndex((layer) => layer.index === store.layer.peek());
  const toLayer = (position: number): void => {
    const layer = layers[Math.min(layers.length - 1, Math.max(0, position))];
    if (layer) store.selectLayer(layer.index);
  };
  switch (event.key) {
    case 'ArrowUp':
      toLayer(at - 1);
      break;
    case 'ArrowDown':
      toLayer(at + 1);
      break;
    case 'Home':
      toLayer(0);
      break;
    case 'End':
      toLayer(layers.length - 1);
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
