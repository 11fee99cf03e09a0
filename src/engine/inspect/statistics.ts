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

/**
 * Channels of [H, W, C], each value the mean of `block` × `block` places where the maps are larger than a side.
 * @param channels `offset` and `count` of those that are taken
 */
export function blockMeans(
  { shape, data }: NdArray<Float32Array>,
  { offset, count, side }: { offset: number; count: number; side: number },
): { values: NdArray<Float32Array>; block: number } {
  const [height = 1, width = 1, channels = 1] = shape;
  const block = Math.ceil(Math.max(height, width) / side);
  const rows = Math.ceil(height / block);
  const columns = Math.ceil(width / block);
  const out = new Float32Array(rows * columns * count);
  const counts = new Float32Array(rows * columns);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      const to = Math.floor(h / block) * columns + Math.floor(w / block);
      counts[to]!++;
      const from = (h * width + w) * channels + offset;
      for (let c = 0; c < count; c++) out[to * count + c]! += data[from + c]!;
    }
  }
  for (let i = 0; i < out.length; i++) out[i]! /= counts[Math.floor(i / count)]!;
  return { values: { shape: [rows, columns, count], data: out }, block };
}
