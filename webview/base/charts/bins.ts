import type { Histogram } from '../../../src/protocol/tensors';

/** Counts of the finite values between `low` and `high`, in `bins` equal bins (equal ratios when `log`). */
export function binned(
  values: ArrayLike<number>,
  low: number,
  high: number,
  bins: number,
  log = false,
): Histogram {
  const to = (value: number): number => (log ? Math.log(value) : value);
  const from = (value: number): number => (log ? Math.exp(value) : value);
  const a = to(low);
  const step = (to(high) - a) / bins || 1;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor((to(values[i]!) - a) / step);
    if (Number.isFinite(at) && at >= 0) counts[Math.min(bins - 1, at)]! += values[i]! <= high ? 1 : 0;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => from(a + i * step)), counts };
}
