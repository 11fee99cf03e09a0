/** Statistics of the rows that a table of tensors shows, asked for a few at a time. */
import { computed, effect, signal } from '@preact/signals';
import type { TensorEntry } from '../../../src/protocol/model';
import { nextTensors } from '../../../src/protocol/questions';
import type { TensorStatistics } from '../../../src/protocol/tensors';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const tensorTableState = stateOf(({ context }) => {
  /** Rows on show; answers about other rows are kept. */
  const rows = signal<readonly TensorEntry[]>([]);
  const known = signal<ReadonlyMap<string, TensorStatistics>>(new Map());
  const question = ask(
    context,
    'tensors',
    () => {
      const names = nextTensors(rows.value, (name) => known.value.has(name));
      return names.length > 0 ? { names } : null;
    },
    { cached: false },
  );
  // Declared before the answers are looked at, so that answers about the previous file are never taken for this one's.
  let generation = context.generation.peek();
  effect(() => {
    if (context.generation.value === generation) return;
    generation = context.generation.value;
    known.value = new Map();
  });
  effect(() => {
    const found = question.found.value;
    if (found) known.value = new Map([...known.peek(), ...found.map((one) => [one.name, one] as const)]);
  });
  /** Whether more is on its way. */
  const busy = computed(() => question.answer.value.status === 'loading');
  return { rows, known, busy };
});
