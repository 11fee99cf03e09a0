/** A summary of numbers without showing them all. */
import { largestWhole } from '../../protocol/tensor-window';
import type { Histogram, NdArray, NumericArray, TensorStats, TensorView } from '../../protocol/tensors';

/** Moments are over finite values only; of none they are NaN. */
export function statsOf(values: NumericArray): TensorStats {
  let nan = 0;
  let inf = 0;
  let min = Infinity;
  let max = -Infinity;
  let mean = 0;
  let squares = 0;
  let finite = 0;
  for (const value of values) {
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) inf++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
      // Welford's update keeps its precision where the mean is far from zero.
      finite++;
      const delta = value - mean;
      mean += delta / finite;
      squares += delta * (value - mean);
    }
  }
  const none = finite === 0;
  return {
    count: values.length,
    min: none ? NaN : min,
    max: none ? NaN : max,
    mean: none ? NaN : mean,
    std: none ? NaN : Math.sqrt(squares / finite),
    nan,
    inf,
  };
}

/** Equal bins from the smallest to the largest finite value; one value alone gets a bin around it. */
export function histogramOf(values: NumericArray, { min, max }: TensorStats, bins = 40): Histogram {
  if (!Number.isFinite(min)) return { edges: [0, 1], counts: [0] };
  const low = min === max ? min - 0.5 : min;
  const high = min === max ? max + 0.5 : max;
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
  const counts = new Array<number>(bins).fill(0);
  const factor = bins / (high - low);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    counts[Math.min(bins - 1, Math.floor((value - low) * factor))]!++;
  }
  return { edges, counts };
}

/**
 * A tensor as it travels: with more than `largestWhole` values, its statistics alone.
 * @param counted the elements that the statistics are taken over; all where it is absent
 */
export function tensorView(
  name: string,
  { shape, data }: NdArray<Float32Array>,
  counted: Float32Array = data,
): TensorView {
  const stats = statsOf(counted);
  return {
    name,
    shape: [...shape],
    dtype: 'float32',
    stats,
    histogram: histogramOf(counted, stats),
    ...(data.length <= largestWhole ? { data } : {}),
  };
}
