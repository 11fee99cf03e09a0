/** The example that the gallery's looks at one example are about: the selected one, or the picked sample. */
import { computed, signal } from '@preact/signals';
import type { ExampleRef } from '../../../src/protocol/selection';
import { stateOf } from '../store/store';

export const subjectState = stateOf(({ example, samplesQuery, pickedSample }) => {
  const from = signal<'selected' | 'sample'>('selected');
  return {
    from,
    example: computed((): ExampleRef | undefined =>
      from.value === 'selected'
        ? example.value
        : {
            kind: 'sample',
            ...samplesQuery.value,
            index: Math.min(pickedSample.value, samplesQuery.value.count - 1),
          },
    ),
  };
});
