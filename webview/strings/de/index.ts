/** Every text of the inspector in German. */
import type { english } from '../en';

export const german: Partial<typeof english> = {};
