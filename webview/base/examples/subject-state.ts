/** The example that the gallery's looks at one example are about: the selected one, or the picked sample. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ExampleRef, SampleQuery } from '../../../src/protocol/inspect';

export interface Subject {
  from: Signal<'selected' | 'sample'>;
  example: ReadonlySignal<ExampleRef | undefined>;
}

export function createSubject(
  selected: ReadonlySignal<ExampleRef | undefined>,
  samples: ReadonlySignal<SampleQuery>,
  picked: ReadonlySignal<number>,
): Subject {
  const from = signal<'selected' | 'sample'>('selected');
  return {
    from,
    example: computed(() =>
      from.value === 'selected'
        ? selected.value
        : {
            kind: 'sample',
            ...samples.value,
            index: Math.min(picked.value, samples.value.count - 1),
          },
    ),
  };
}
