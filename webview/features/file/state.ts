/** Statistics of the rows that a table of tensors shows, asked for a few at a time. */
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { TensorEntry } from '../../../src/protocol/model';
import { nextTensors } from '../../../src/protocol/questions';
import type { TensorStatistics } from '../../../src/protocol/tensors';
import { ask, ready } from '../../base/store/question';
import type { StateDefinition, Store } from '../../base/store/store';

export interface TensorTable {
  /** Rows on show; answers about other rows are kept. */
  rows: Signal<readonly TensorEntry[]>;
  known: ReadonlySignal<ReadonlyMap<string, TensorStatistics>>;
  /** Whether more is on its way. */
  busy: ReadonlySignal<boolean>;
}

export const tensorTableState: StateDefinition<TensorTable> = { create };

function create({ context }: Store): TensorTable {
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
    const found = ready(question.answer.value);
    if (found) known.value = new Map([...known.peek(), ...found.map((one) => [one.name, one] as const)]);
  });
  return { rows, known, busy: computed(() => question.answer.value.status === 'loading') };
}
