/**
 * The running mean that TensorBoard draws: each value weighs 1 − w, what was before it w, divided by the weight that
 * has been given out, so that the first values are not drawn towards zero. NaN is passed over and stays NaN.
 *
 * @param weight in [0, 1); 0 gives the values back
 */
export function smoothed(values: Float32Array, weight: number): Float32Array {
  if (weight <= 0) return values;
  const out = new Float32Array(values.length).fill(NaN);
  let sum = 0;
  let given = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    sum = sum * weight + (1 - weight) * value;
    given = given * weight + (1 - weight);
    out[i] = sum / given;
  }
  return out;
}
