/** The example that the gallery's looks at one example are about: the selected one, or the picked sample. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ExampleRef } from '../../../src/protocol/selection';
import type { StateDefinition } from '../store/store';

export interface Subject {
  from: Signal<'selected' | 'sample'>;
  example: ReadonlySignal<ExampleRef | undefined>;
}

export const subjectState: StateDefinition<Subject> = {
  create({ example, samplesQuery, pickedSample }) {
    const from = signal<'selected' | 'sample'>('selected');
    return {
      from,
      example: computed(() =>
        from.value === 'selected'
          ? example.value
          : {
              kind: 'sample',
              ...samplesQuery.value,
              index: Math.min(pickedSample.value, samplesQuery.value.count - 1),
            },
      ),
    };
  },
};
