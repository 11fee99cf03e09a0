/** Latents that are changed by hand, and what comes of it: one question at a time, always the newest. */
import { batch as together, computed, effect, signal, untracked } from '@preact/signals';
import type { ExampleRef, UneditedRef, LatentEdit } from '../../../src/protocol/selection';
import type { EditedView } from '../../../src/protocol/latents';
import { subjectState } from '../../base/examples/subject-state';
import { ask, stateOf } from '../../base/store/store';

const none: ReadonlyMap<number, number> = new Map();

function listed(edits: ReadonlyMap<number, number>): LatentEdit[] {
  return [...edits].sort(([a], [b]) => a - b).map(([element, value]) => ({ element, value }));
}

export const latentsState = stateOf((store) => {
  const { context } = store;
  const { example: subject } = store.state(subjectState);
  const open = computed(() => store.shows('latents') && !store.isSaved);
  /** The example whose latents are changed. */
  const base = signal<UneditedRef | undefined>(undefined);
  /** New values by element of z. */
  const edits = signal(none);
  /** The element that the slider moves; undefined for the one farthest out. */
  const picked = signal<number | undefined>(undefined);
  /** The last decoding of this example; stays while the next is on its way. */
  const shown = signal<EditedView | undefined>(undefined);
  let key = '';

  // Another example has other latents; one that was changed here brings its changes along.
  effect(() => {
    const example = subject.value;
    const next = example?.kind === 'edited' ? example.example : example;
    together(() => {
      const nextKey = JSON.stringify(next);
      if (nextKey !== key) {
        key = nextKey;
        base.value = next;
        edits.value = none;
        shown.value = undefined;
      }
      if (example?.kind === 'edited')
        edits.value = new Map(example.edits.map(({ element, value }) => [element, value]));
    });
  });

  const query = (): { example: UneditedRef } | null =>
    open.value && base.value ? { example: base.value } : null;
  const latents = ask(context, 'latents', query);
  /** The example as it comes back from its own latents. */
  const original = ask(context, 'edited', () => {
    const latentsQuery = query();
    return latentsQuery && { ...latentsQuery, edits: [] };
  });
  // Every place that a slider passes would push answers worth keeping out of the cache.
  const request = signal<{ of: UneditedRef | undefined; edits: ReadonlyMap<number, number> }>({
    of: undefined,
    edits: none,
  });
  const edited = ask(
    context,
    'edited',
    () => {
      const now = query();
      const { of, edits: changed } = request.value;
      return now && of === now.example && changed.size > 0
        ? { example: now.example, edits: listed(changed) }
        : null;
    },
    { cached: false },
  );
  effect(() => {
    const next = { of: base.value, edits: edits.value };
    const before = untracked(() => request.value);
    const busy = edited.answer.value.status === 'loading' && before.of === next.of && next.edits.size > 0;
    if (!busy && (before.of !== next.of || before.edits !== next.edits)) request.value = next;
  });
  effect(() => {
    const value = edits.value.size > 0 ? edited.found.value : original.found.value;
    if (value) shown.value = value;
  });

  return {
    base,
    edits,
    picked,
    latents,
    original,
    edited,
    shown,
    /** The changed example, to be looked at by the rest of the page. */
    example: computed((): ExampleRef | undefined => {
      const of = base.value;
      if (!of || edits.value.size === 0) return of;
      return { kind: 'edited', example: of, edits: listed(edits.value) };
    }),
    change(values: readonly (readonly [element: number, value: number])[]) {
      edits.value = new Map([...edits.value, ...values]);
    },
    reset() {
      edits.value = none;
    },
  };
});
