import { fixed } from '../../base/format/numbers';

export const pText = (p: number): string => (p < 0.001 ? '< 0.001' : fixed(p, 3));
