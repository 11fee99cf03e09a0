import { roundUp } from '../format/numbers';

/** Share of the values whose size the colors tell apart when outliers are trimmed. */
const coveredShare = 0.995;

export interface ColorRange {
  /** Colors end at −limit and limit. */
  limit: number;
  /** Limit that covers all values, rounded up in the same way. */
  full: number;
  /** Values beyond the limit. */
  beyond: number;
}

/** The range in which most of the values can be told apart; never more than `full`. */
export function trimmedRange(arrays: readonly Float32Array[], full: number): ColorRange {
  const limit = roundUp(trimmedSize(arrays).size);
  if (limit >= full) return { limit: full, full, beyond: 0 };
  const beyond = arrays.reduce(
    (n, data) =>
      n + data.reduce((m, value) => m + (Math.abs(value) > limit && Number.isFinite(value) ? 1 : 0), 0),
    0,
  );
  return { limit, full, beyond };
}

/** The size that 99.5% of the finite values do not exceed. */
export function trimmedSize(arrays: readonly ArrayLike<number>[]): { size: number } {
  const sizes: number[] = [];
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) {
      const size = Math.abs(array[i]!);
      if (Number.isFinite(size)) sizes.push(size);
    }
  }
  const sorted = Float64Array.from(sizes).sort();
  const at = Math.max(0, Math.ceil(coveredShare * sorted.length) - 1);
  return { size: sorted[at] ?? 0 };
}
