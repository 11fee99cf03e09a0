/** What commands that decode latents say of values that are no numbers. */
import { count } from './format';

export function nonFiniteCount(values: Float32Array): number {
  return values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
}

/** A row of a command's report, where there are any. */
export function nonFiniteWarning(n: number): [string, string][] {
  return n > 0 ? [['Warning', `${count(n)} non-finite values: the inverse overflows`]] : [];
}
