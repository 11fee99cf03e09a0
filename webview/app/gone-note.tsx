/** Note about a file that was deleted while it was open. */
import { signal } from '@preact/signals';
import { stateOf } from '../base/store/store';
import { text } from './text';

export const goneState = stateOf(() => signal(false));

export function GoneNote() {
  return (
    <section class="origin" role="alert">
      <p class="bad">{text.gone}</p>
    </section>
  );
}
