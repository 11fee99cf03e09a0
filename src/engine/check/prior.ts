/** Where the draws of a posterior may lie. */
import { rowAt } from '../../base/rows';
import { UserError } from '../../base/user-error';
import { functionTarget } from '../../config/targets';
import type { Target } from './traced-target';
import { openTarget, type TargetOptions } from './target';

/**
 * A box, `LOW:HIGH` for all features or one for each with commas between them, or a log density that is −∞ outside.
 * @param dim features of the flow
 * @throws UserError for another number of intervals, and as `openTarget`
 */
export async function openPrior(text: string, dim: number, options: TargetOptions): Promise<Target> {
  const ends = text
    .split(',')
    .map((part) => part.split(':').map((end) => (end.trim() === '' ? NaN : Number(end))));
  if (functionTarget.test(text)) return openTarget(text, options);
  if (!ends.every((pair) => pair.length === 2 && pair[0]! < pair[1]!))
    throw new UserError(`--prior ${text}: expected LOW:HIGH, as -1:1 or 0:1,-3:3, or FILE.py:FUNCTION.`);
  if (ends.length !== 1 && ends.length !== dim)
    throw new UserError(`--prior has ${ends.length} intervals; expected 1, or ${dim}, one for each feature.`);
  const isInside = (value: number, d: number): boolean => {
    const [low, high] = ends.length === 1 ? ends[0]! : ends[d]!;
    return low! <= value && value <= high!;
  };
  return {
    logDensity: (x, n) =>
      Promise.resolve(
        Float64Array.from({ length: n }, (_, row) => (rowAt(x, dim, row).every(isInside) ? 0 : -Infinity)),
      ),
    end: () => undefined,
  };
}
