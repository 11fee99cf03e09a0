import { signal, type Signal } from '@preact/signals';
import type { StateDefinition } from '../base/store/store';

/** Whether the list of keys is open. */
export const helpState: StateDefinition<Signal<boolean>> = { create: () => signal(false) };
