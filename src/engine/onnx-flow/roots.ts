/** Where functions of single numbers take given values: all of them at once, since one run of a graph answers for all. */

/** Outwards from −1 to 1 by doubling, then steps between: as far as float32 tells numbers apart. */
const mostDoublings = 24;
const mostSteps = 60;
const ulp = 2 ** -23;

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
  const searches = Array.from(goal, (_, i): Search => ({
    newest: { x: low[i]!, off: below[i]! },
    across: { x: high[i]!, off: above[i]! },
    before: { x: high[i]!, off: above[i]! },
  }));
  for (let k = 0; k < mostSteps; k++) {
    const next = Float64Array.from(searches, nextOf);
    if (next.every((x, i) => x === searches[i]!.newest.x)) break;
    const at = off(await f(next));
    searches.forEach((search, i) => {
      narrow(search, { x: next[i]!, off: at[i]! });
    });
  }
  return Float64Array.from(searches, ({ newest, across }) =>
    Math.abs(across.off) < Math.abs(newest.off) ? across.x : newest.x,
  );
}

interface Point {
  x: number;
  off: number;
}

/** The root lies between `newest` and `across`; `before` is the point that one of them took the place of. */
interface Search {
  newest: Point;
  across: Point;
  before: Point;
}

function narrow(search: Search, found: Point): void {
  if (found.x === search.newest.x) return;
  if (found.off > 0 === search.newest.off > 0) search.before = search.newest;
  else [search.before, search.across] = [search.across, search.newest];
  search.newest = found;
}

/**
 * Where a parabola on its side through the three points crosses 0, where these are such that it helps, else the middle
 * (Chandrupatla 1997). At least one step of float32 from both ends; `newest` where there is nothing left between.
 */
function nextOf({ newest: a, across: b, before: c }: Search): number {
  // Found, or outside of the searched interval.
  if (!(a.off * b.off < 0)) return a.x;
  const wide = b.x - a.x;
  const middle = Math.fround(a.x + wide / 2);
  if (middle === a.x || middle === b.x) return a.x;
  const xi = (a.x - b.x) / (c.x - b.x);
  const phi = (a.off - b.off) / (c.off - b.off);
  const curve = phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi;
  const share = curve
    ? ((a.off / (b.off - a.off)) * c.off) / (b.off - c.off) +
      ((((c.x - a.x) / wide) * a.off) / (c.off - a.off)) * (b.off / (c.off - b.off))
    : 0.5;
  const least = Math.min(0.5, (ulp * Math.max(Math.abs(a.x), Math.abs(b.x))) / Math.abs(wide));
  const next = Math.fround(a.x + Math.min(1 - least, Math.max(least, share)) * wide);
  return next === a.x || next === b.x ? middle : next;
}
