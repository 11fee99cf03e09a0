import { effect, signal, type Signal } from '@preact/signals';
import type { StateDefinition } from '../../base/store/store';

/** Whether the strip's bars are of the example or the mean of the batch. */
export const barsState: StateDefinition<Signal<'example' | 'mean'>> = {
  create({ example }) {
    const barsOf = signal<'example' | 'mean'>('example');
    effect(() => void (barsOf.value = example.value ? 'example' : 'mean'));
    return barsOf;
  },
};
