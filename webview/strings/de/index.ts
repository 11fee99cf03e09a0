/** Every text of the inspector in German. */
import type { english } from '../en';
import { given } from './given';

export const german: Partial<typeof english> = { ...given };
