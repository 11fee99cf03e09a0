import { signal } from '@preact/signals';
import { stateOf } from '../base/store/store';

/** Whether the list of keys is open. */
export const helpState = stateOf(() => signal(false));
