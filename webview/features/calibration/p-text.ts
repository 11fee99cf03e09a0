import { fixed } from '../../base/format/numbers';

export const pText = (p: number): string => (p < 0.001 ? `< ${fixed(0.001, 3)}` : fixed(p, 3));
