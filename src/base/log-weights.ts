/** Sums over weights that are given as logarithms. */

/** exp of log weights, over `unit`. */
export const weightsOf = (logWeights: Float64Array, unit: number): Float64Array =>
  logWeights.map((value) => Math.exp(value - unit));

/** Log of the mean weight, and its standard error. */
export function logEvidence(logWeights: Float64Array): { value: number; error: number } {
  const n = logWeights.length;
  const top = logWeights.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = weightsOf(logWeights, top);
  const mean = weights.reduce((a, b) => a + b, 0) / n;
  const variance = weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / n;
  return { value: Math.log(mean) + top, error: Math.sqrt(variance / n) / mean };
}
