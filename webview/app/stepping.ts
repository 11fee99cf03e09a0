/** Paging through examples. */
import { exampleTotal } from '../base/store/population-state';
import { layerViewState } from '../base/store/layer-view';
import { stateOf, ask } from '../base/store/store';
import { stripState } from '../base/store/strip-state';
import { effect, signal } from '@preact/signals';
import type { LayerQuery } from '../../src/protocol/inspect';
import type { Selection } from '../../src/protocol/selection';

/** Whoever leafs through faster than this has no use for what lies ahead. */
const restMilliseconds = 200;

export const steppingState = stateOf((store) => {
  const { connection, context, example, selection, selectExample } = store;
  const { strip } = store.state(stripState);
  const { answeredLayer } = store.state(layerViewState);
  /** Paging went this way, and is taken to go on. */
  const direction = signal(1);
  /** The example that paging leads to next is asked for before it is wanted: its answers wait among those that are kept. */
  const next = signal<Selection | null>(null);
  let rest = 0;
  effect(() => {
    // Not while anything of what is shown is still computed, so that nothing waits for an unneeded answer.
    const now = connection.choices || !strip.found.value ? null : selection.value;
    // In training mode an example from outside of the batch takes the whole batch along.
    const from = now?.mode === 'eval' && now.example && 'index' in now.example ? now.example : undefined;
    const index = from ? from.index + direction.value : -1;
    window.clearTimeout(rest);
    next.value = null;
    if (!now || !from || index < 0 || index >= exampleTotal(store, from)) return;
    rest = window.setTimeout(() => {
      next.value = { ...now, example: { ...from, index } };
    }, restMilliseconds);
  });
  ask(context, 'strip', () => next.value);
  ask(context, 'layer', (): LayerQuery | null => {
    const open = answeredLayer.value;
    return next.value && open !== null ? { ...next.value, layer: open } : null;
  });
  return {
    stepExample(by: number) {
      const now = example.peek();
      const recorded = connection.choices?.examples;
      if (recorded) {
        const at = recorded.findIndex((e) => JSON.stringify(e) === JSON.stringify(now));
        const found = recorded[at + by];
        if (found) selectExample(found);
        return;
      }
      if (!now || !('index' in now)) return;
      direction.value = Math.sign(by) || 1;
      const index = Math.min(exampleTotal(store, now) - 1, Math.max(0, now.index + by));
      if (index !== now.index) selectExample({ ...now, index });
    },
  };
});
