/** Entries of the performance timeline that say when something stood on the screen first (bench/ui reads them). */
import { effect } from '@preact/signals';
import type { Store } from '../base/store/store';
import { stripState } from '../base/store/strip-state';

export function markPaints(store: Store): void {
  markOnce('flowscope.layers', () => store.model.value !== undefined);
  markOnce('flowscope.strip', () => store.state(stripState).strip.found.value !== undefined);
}

function markOnce(name: string, isThere: () => boolean): void {
  const stop = effect(() => {
    if (!isThere()) return;
    queueMicrotask(() => stop());
    // Drawn in the next frame, and on the screen when the one after it begins.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark(name)));
  });
}
