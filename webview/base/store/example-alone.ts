import type { ExampleRef } from '../../../src/protocol/selection';
import type { Question } from './question';
import type { Store } from './store';

/** The example to ask of alone while the whole answer takes its time. A saved page has the whole answer at once. */
export function exampleAlone(store: Store, whole: Question<unknown>): ExampleRef | undefined {
  const answer = whole.answer.value;
  const waits = answer.status === 'loading' && answer.slow;
  return waits && store.mode.value === 'eval' && !store.isSaved ? store.example.value : undefined;
}
