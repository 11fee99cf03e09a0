/** Paging through examples. */
import { exampleTotal } from '../base/store/population-state';
import { layerViewState } from '../base/store/layer-view';
import { stateOf, ask, type QuestionContext } from '../base/store/store';
import { stripState } from '../base/store/strip-state';
import { effect, signal } from '@preact/signals';
import type { LayerQuery } from '../../src/protocol/inspect';
import type { ExampleRef, Selection } from '../../src/protocol/selection';

export const steppingState = stateOf((store) => {
  const { connection, context, example, selection, selectExample } = store;
  const { strip } = store.state(stripState);
  const { answeredLayer } = store.state(layerViewState);
  const ahead = askAhead(
    context,
    () => (connection.choices || !strip.found.value ? null : selection.value),
    () => answeredLayer.value,
    (of) => exampleTotal(store, of),
  );
  return {
    stepExample(by: number) {
      const now = example.peek();
      const recorded = connection.choices?.examples;
      if (recorded) {
        const at = recorded.findIndex((e) => JSON.stringify(e) === JSON.stringify(now));
        const next = recorded[at + by];
        if (next) selectExample(next);
        return;
      }
      if (!now || !('index' in now)) return;
      ahead.went(by);
      const index = Math.min(exampleTotal(store, now) - 1, Math.max(0, now.index + by));
      if (index !== now.index) selectExample({ ...now, index });
    },
  };
});

/** Whoever leafs through faster than this has no use for what lies ahead. */
const restMilliseconds = 200;

/**
 * Asks for the example that paging leads to next before it is wanted: its answers wait among those that are kept.
 * @param selection that is shown completely; null while anything of it is still computed, so that nothing waits for an
 *   unneeded answer. In training mode an example from outside of the batch takes the whole batch along, so that nothing is
 *   asked ahead.
 * @param layer whose view is open; null where none is
 */
function askAhead(
  context: QuestionContext,
  selection: () => Selection | null,
  layer: () => number | null,
  total: (of: ExampleRef) => number,
) {
  const direction = signal(1);
  const next = signal<Selection | null>(null);
  let rest = 0;
  effect(() => {
    const now = selection();
    const example = now?.mode === 'eval' && now.example && 'index' in now.example ? now.example : undefined;
    const index = example ? example.index + direction.value : -1;
    window.clearTimeout(rest);
    next.value = null;
    if (!now || !example || index < 0 || index >= total(example)) return;
    rest = window.setTimeout(() => {
      next.value = { ...now, example: { ...example, index } };
    }, restMilliseconds);
  });
  ask(context, 'strip', () => next.value);
  ask(context, 'layer', (): LayerQuery | null => {
    const open = layer();
    return next.value && open !== null ? { ...next.value, layer: open } : null;
  });
  return {
    /** Paging went this way, and is taken to go on. */
    went: (by: number) => void (direction.value = Math.sign(by) || 1),
  };
}
