/** Note about a file that was deleted while it was open. */
import { signal, type Signal } from '@preact/signals';
import type { StateDefinition } from '../base/store/store';
import { text } from './text';

export const goneState: StateDefinition<Signal<boolean>> = { create: () => signal(false) };

export function GoneNote() {
  return (
    <section class="origin" role="alert">
      <p class="bad">{text.gone}</p>
    </section>
  );
}
