/** Where functions of single numbers take given values: all of them at once, since one run of a graph answers for all. */

/** Outwards from −1 to 1 by doubling, then halves between: as far as float32 tells numbers apart. */
const mostDoublings = 24;
const mostHalvings = 60;

/**
 * x with f(x) = goal for functions that only rise or only fall. Where a goal lies outside of what a function takes, the
 * nearest end of the interval that was looked at.
 * @param f of all numbers at once, each by a function of its own
 */
export async function monotoneRoots(
  goal: Float64Array,
  f: (x: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array> {
  const low = goal.map(() => -1);
  const high = goal.map(() => 1);
  let [below, above] = [await f(low), await f(high)];
  const rises = goal.map((_, i) => (above[i]! >= below[i]! ? 1 : -1));
  /** Above 0 where x has to be smaller. */
  const off = (y: Float64Array): Float64Array => y.map((value, i) => rises[i]! * (value - goal[i]!));
  [below, above] = [off(below), off(above)];
  for (let k = 0; k < mostDoublings; k++) {
    const open = [below.some((value) => value > 0), above.some((value) => value < 0)];
    if (!open[0] && !open[1]) break;
    low.forEach((value, i) => {
      if (below[i]! > 0) [high[i], above[i], low[i]] = [value, below[i]!, 2 * value];
    });
    if (open[0]) below = off(await f(low));
    high.forEach((value, i) => {
      if (above[i]! < 0) [low[i], below[i], high[i]] = [value, above[i]!, 2 * value];
    });
    if (open[1]) above = off(await f(high));
  }
  for (let k = 0; k < mostHalvings; k++) {
    const middle = low.map((value, i) => between(value, high[i]!, below[i]!, above[i]!, k));
    if (middle.every((value, i) => value === low[i] || value === high[i])) break;
    const at = off(await f(middle));
    middle.forEach((value, i) => {
      if (at[i]! > 0) [high[i], above[i]] = [value, at[i]!];
      else [low[i], below[i]] = [value, at[i]!];
    });
  }
  return low.map((value, i) => (-below[i]! < above[i]! ? value : high[i]!));
}

/** By a line through both ends, and in the middle now and then, so that neither end stays. In float32. */
function between(low: number, high: number, below: number, above: number, k: number): number {
  const line = low + ((high - low) * below) / (below - above);
  const middle = (low + high) / 2;
  const value = Math.fround(k % 3 === 2 || !(line > low && line < high) ? middle : line);
  return Math.min(high, Math.max(low, value));
}
