/** A density from samples. */

/**
 * Sum of normals around the samples at evenly spaced places from `low` to `high`, in 1/unit. Their width is Silverman's
 * (Density Estimation, 1986, eq. 3.31), by the standard deviation or the quartiles, whichever is smaller.
 * @returns `steps` + 1 values; zeros without finite samples
 */
export function densityCurve(
  samples: ArrayLike<number>,
  low: number,
  high: number,
  steps: number,
): Float64Array {
  const out = new Float64Array(steps + 1);
  const values = Float64Array.from(samples).filter(Number.isFinite).sort();
  const n = values.length;
  if (n === 0) return out;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const quartiles = (values[Math.floor(0.75 * (n - 1))]! - values[Math.floor(0.25 * (n - 1))]!) / 1.34;
  const step = (high - low) / steps;
  // Samples that are all the same still have a place.
  const width = Math.max(0.9 * Math.min(deviation, quartiles || deviation) * n ** -0.2, step);
  for (let i = 0; i <= steps; i++) {
    const x = low + i * step;
    let sum = 0;
    for (const value of values) sum += Math.exp(-0.5 * ((x - value) / width) ** 2);
    out[i] = sum / (n * width * Math.sqrt(2 * Math.PI));
  }
  return out;
}
