/** Pictures on the page against values that come from elsewhere. */
import type { Frame } from 'playwright-core';
import { until } from './until';
import type { Model } from './models';
import { rastersOf } from './rasters';

/** Red, green and blue, pixel after pixel, of every canvas of this name. */
export async function picturesOf(frame: Frame, selector: string): Promise<number[][]> {
  return (await rastersOf(frame, selector)).map(({ data }) => [...data.filter((_, i) => i % 4 !== 3)]);
}

/** The colors of pixels in [0, levels): gray for one channel, red, green and blue for three. */
export function colorsOf({ shape, levels = 256 }: Model, values: ArrayLike<number>): number[] {
  const channels = shape[2] ?? 1;
  const last = levels - 1;
  return Array.from({ length: (3 * values.length) / channels }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const value = values[channels === 3 ? i : pixel]!;
    return Math.round((255 * Math.min(last, Math.max(0, value))) / last);
  });
}

/** The n-th of examples that lie one behind the other. */
export function example({ shape }: Model, values: Float32Array, n: number): Float32Array {
  const size = shape.reduce((a, b) => a * b);
  return values.subarray(n * size, (n + 1) * size);
}

/** The largest difference of two rows of colors; infinite where they are not of one length. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** Waits until there are these pictures and no others, up to one step of a color. Resolves to what is drawn. */
export async function untilPictures(
  frame: Frame,
  selector: string,
  model: Model,
  expected: readonly ArrayLike<number>[],
): Promise<number[][]> {
  const colors = expected.map((values) => colorsOf(model, values));
  let found: number[][] = [];
  return until(`${expected.length} pictures in ${selector}`, async () => {
    found = await picturesOf(frame, selector);
    return found.length === colors.length && found.every((own, i) => apart(own, colors[i]!) <= 1) && found;
  }).catch((error: unknown) => {
    const worst = colors.map((own, i) => apart(own, found[i] ?? []));
    throw new Error(`${(error as Error).message}: ${found.length}, apart by ${worst.join(', ')}`, {
      cause: error,
    });
  });
}
