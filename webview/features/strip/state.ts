import { effect, signal } from '@preact/signals';
import { stateOf } from '../../base/store/store';

/** Whether the strip's bars are of the example or the mean of the batch. */
export const barsState = stateOf(({ example }) => {
  const barsOf = signal<'example' | 'mean'>('example');
  effect(() => void (barsOf.value = example.value ? 'example' : 'mean'));
  return barsOf;
});
