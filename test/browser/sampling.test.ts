/** Truncation of samples by scale, and one sample's way played from z to x, against the toy flow. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { greyScale } from '../../webview/base/canvas/colour-maps';
import { InspectorBrowser } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';

const flow = new ToyFlow({ kind: 'image' });
const grey = greyScale(16);

/** The n-th sample has these pixels on the screen; waited for, since it is asked for anew. */
async function sampleIs(page: Page, n: number, values: ArrayLike<number>): Promise<void> {
  const shades = Array.from(values, (value) => grey.at(value)[0]);
  await page.waitForFunction(
    ([index, expected]) => {
      const canvas = document.querySelectorAll<HTMLCanvasElement>('canvas[data-name=sample]')[index];
      if (canvas?.width !== 8) return false;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, 8, 8);
      return expected.every((shade, i) => Math.abs(data[4 * i]! - shade) <= 1);
    },
    [n, shades] as const,
    { timeout: 5000 },
  );
}

const lastAsked = (page: Page, method: string): Promise<string> =>
  page.evaluate((start) => window.toyHost.calls.findLast((c) => c.startsWith(start))!, `ask ["${method}"`);

describe('samples in the gallery', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (...options: Parameters<InspectorBrowser['openLive']>) => {
    const live = await browser.openLive(...options);
    await live.page.locator('canvas[data-name=morph]').first().waitFor();
    return live;
  };

  it('are truncated all alike, and the picked one stays with its bound when it is looked at', async () => {
    const { page, close } = await opened({ kind: 'image' });
    await sampleIs(page, 3, flow.sample(7, 0.8, 3).at(-1)!);
    const bound = page.getByRole('slider', { name: 'Truncation', exact: true });
    assert.equal(await bound.getAttribute('aria-valuetext'), 'none');
    await bound.focus();
    await page.keyboard.press('Home');
    assert.equal(await bound.getAttribute('aria-valuetext'), '|z| ≤ 0.2');
    await sampleIs(page, 3, flow.sample(7, 0.8, 3, [0.2]).at(-1)!);
    assert.match(await lastAsked(page, 'samples'), /"truncations":\[0.2\]/);
    await page.getByRole('button', { name: 'Sample 4', exact: true }).click();
    await page.getByRole('button', { name: 'Use as example' }).click();
    const cost = flow.nll(flow.sample(7, 0.8, 3, [0.2]).at(-1)!).bitsPerDim!;
    await page.locator('[data-result]', { hasText: cost.toFixed(2) }).waitFor();
    await bound.focus();
    await page.keyboard.press('End');
    await sampleIs(page, 3, flow.sample(7, 0.8, 3).at(-1)!);
    await close();
  });

  it('are truncated at one scale alone', async () => {
    const { page, close } = await opened({ kind: 'image' });
    await page.locator('.by-scale summary').click();
    const coarse = page.getByRole('slider', { name: 'Truncation of scale 2' });
    await coarse.focus();
    await page.keyboard.press('Home');
    await sampleIs(page, 5, flow.sample(7, 0.8, 5, [null, 0.2]).at(-1)!);
    const all = page.getByRole('slider', { name: 'Truncation', exact: true });
    assert.equal(await all.getAttribute('aria-valuetext'), 'by scale');
    const fine = page.getByRole('slider', { name: 'Truncation of scale 1' });
    await fine.focus();
    await page.keyboard.press('Home');
    await sampleIs(page, 5, flow.sample(7, 0.8, 5, [0.2, 0.2]).at(-1)!);
    // All alike is one bound: one query, one answer.
    assert.match(await lastAsked(page, 'samples'), /"truncations":\[0.2\]/);
    assert.equal(await all.getAttribute('aria-valuetext'), '|z| ≤ 0.2');
    await close();
  });

  it('of a flow of the plane lie within what the bound leaves', async () => {
    const { page, close } = await browser.openLive({ kind: 'plane' });
    await page.locator('canvas[data-name=samples]').waitFor();
    const bound = page.getByRole('slider', { name: 'Truncation', exact: true });
    await bound.focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(() =>
      window.toyHost.calls.some((c) => c.startsWith('ask ["plane"') && c.includes('"truncations":[0.2]')),
    );
    await close();
  });

  it('play their way from z to x once, and pause', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const steps = flow.layers.length;
    const step = (): Promise<number> => page.locator('[data-way]').getAttribute('data-way').then(Number);
    assert.equal(await step(), steps);
    await page.getByRole('button', { name: 'Play the way from z to x' }).click();
    // A step is looked at for a moment only: watched by frames.
    const shows = (from: number, to: number): Promise<unknown> =>
      page.waitForFunction(
        ([low, high]) => {
          const at = Number(document.querySelector<HTMLElement>('[data-way]')!.dataset['way']);
          return at >= low && at <= high;
        },
        [from, to] as const,
      );
    await shows(0, 1);
    await shows(2, steps - 1);
    await page.getByRole('button', { name: 'Pause' }).click();
    const paused = await step();
    assert.ok(paused >= 2 && paused < steps);
    await page.waitForTimeout(900);
    assert.equal(await step(), paused, 'it goes on though it was paused');
    await page.getByRole('button', { name: 'Next layer on the way' }).click();
    assert.equal(await step(), paused + 1);
    await page.getByRole('button', { name: 'Previous layer on the way' }).click();
    assert.equal(await step(), paused);
    await page.getByRole('button', { name: 'Play the way from z to x' }).click();
    await page.locator(`[data-way="${steps}"]`).waitFor({ timeout: 8000 });
    await page.getByRole('button', { name: 'Play the way from z to x' }).waitFor();
    await close();
  });

  it('have steps only where less motion was asked for', async () => {
    const { page, close } = await opened({ kind: 'image' }, { reducedMotion: true });
    assert.equal(await page.getByRole('button', { name: 'Play the way from z to x' }).count(), 0);
    await page.getByRole('button', { name: 'Previous layer on the way' }).click();
    await page.locator(`[data-way="${flow.layers.length - 1}"]`).waitFor();
    assert.ok(await page.getByRole('slider', { name: 'Way from z to x' }).isVisible());
    await close();
  });
});
