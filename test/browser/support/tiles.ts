import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { greyScale } from '../../../webview/base/canvas/colour-maps';

const grey = greyScale(16);

/** The n-th tile of a name shows these pixels of the toy's digits, 8 × 8 of 17 levels. */
export async function tileShows(
  page: Page,
  name: string,
  n: number,
  values: ArrayLike<number>,
): Promise<void> {
  const drawn = await page
    .locator(`canvas[data-name=${name}]`)
    .nth(n)
    .evaluate((element) => [
      ...(element as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(0, 0, 8, 8)
        .data.filter((_, i) => i % 4 === 0),
    ]);
  assert.equal(drawn.length, 64);
  drawn.forEach((shade, i) =>
    assert.ok(Math.abs(shade - grey.at(values[i]!)[0]) <= 1, `${name} ${n}, pixel ${i}: ${shade}`),
  );
}
