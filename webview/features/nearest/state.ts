/** The training examples nearest to one, over ever more of them while the page is looked at. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { NearestExamples, NearestSpace } from '../../../src/protocol/nearest';
import { subjectState } from '../../base/examples/subject-state';
import { ask, stateOf } from '../../base/store/store';

const count = 8;
/** Latents take a pass through the flow each. */
const first: Record<NearestSpace, number> = { data: 2048, latent: 256 };

export const nearestState = stateOf((store) => {
  const { context } = store;
  const { example: subject } = store.state(subjectState);
  const open = computed(() => store.shows('nearest') && !store.isSaved);
  const space = signal<NearestSpace>('data');
  const stopped = signal(false);
  const key = computed(() => JSON.stringify([space.value, subject.value, context.of?.value]));
  const reached = signal({ key: '', most: 0 });
  const held = signal<{ key: string; value: NearestExamples } | undefined>(undefined);
  const most = computed(() => (reached.value.key === key.value ? reached.value.most : first[space.value]));
  const question = ask(context, 'nearest', () =>
    open.value && subject.value
      ? { example: subject.value, space: space.value, count, most: most.value }
      : null,
  );
  effect(() => {
    const value = question.found.value;
    if (!value) return;
    const now = untracked(() => key.value);
    held.value = { key: now, value };
    if (!stopped.value && value.looked < value.limit && value.looked === untracked(() => most.value))
      reached.value = { key: now, most: Math.min(value.limit, 2 * value.looked) };
  });
  /** The newest answer for this example and space; stays while more are examined. */
  const shown = computed(() => (held.value?.key === key.value ? held.value.value : undefined));
  return {
    space,
    question,
    shown,
    /** Whether there are more that will be looked at by themselves. */
    goesOn: computed(() => {
      const value = shown.value;
      return !stopped.value && value !== undefined && value.looked < value.limit;
    }),
    stop() {
      stopped.value = true;
      question.cancel();
    },
    goOn() {
      stopped.value = false;
      if (question.answer.peek().status === 'failed') question.retry();
    },
  };
});
