/** What the example is compared with: ranks, own data as a third series, most and least likely, against the toy flow. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Scores } from '../../src/protocol/population';
import { InspectorBrowser } from './support/inspector-page';
import { tileShows } from './support/tiles';
import { recordedToy } from './support/recorded';
import { toyOwn } from './support/toy-examples';
import { ToyFlow } from './support/toy-flow';

const flow = new ToyFlow({ kind: 'image' });
const folder = '/home/me/holidays';
const cost = (x: Float64Array<ArrayBuffer>): number => flow.nll(x).bitsPerDim!;

/** What a view copies, line by line, where the page has no clipboard of its own. */
async function copied(page: Page, view: string): Promise<string[][]> {
  await page.evaluate(() => {
    window.toyHost.calls.length = 0;
    Object.defineProperty(navigator, 'clipboard', {
      configurable: true,
      value: { writeText: () => Promise.reject(new Error('not allowed')) },
    });
  });
  await page.locator(view).locator('.take-button').first().click();
  await page.getByRole('menuitem', { name: 'Copy numbers (CSV)' }).click();
  const call = await page.waitForFunction(() =>
    window.toyHost.calls.find((made) => made.startsWith('copyText')),
  );
  const [csv] = JSON.parse((await call.jsonValue())!.slice('copyText '.length)) as [string];
  return csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
}

describe('the example among others', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (options: Partial<Parameters<InspectorBrowser['openLive']>[0]> = {}) => {
    const live = await browser.openLive({ kind: 'image', ...options });
    await live.page.locator('[data-result]').waitFor();
    await live.page.locator('.gallery').getByRole('tab', { name: 'Examples' }).click();
    return live;
  };
  const chooseFolder = async (page: Page): Promise<void> => {
    await page.evaluate((path) => (window.toyHost.chosen = path), folder);
    await page.locator('.gallery').getByRole('button', { name: 'Own…' }).click();
    await page.getByRole('menuitem', { name: 'Folder of images…' }).click();
  };
  const order = async (page: Page, name: string): Promise<void> => {
    await page.locator('vscode-dropdown[title="Order of the examples"]').click();
    await page.locator('vscode-option', { hasText: name }).click();
  };

  it('is said to be less likely than a share of each split', async () => {
    const { page, close } = await opened();
    const own = cost(flow.data('validation', 0));
    const share = (split: 'train' | 'validation', n: number): number =>
      Math.round(
        (100 * Array.from({ length: n }, (_, i) => cost(flow.data(split, i))).filter((c) => c < own).length) /
          n,
      );
    await page.locator('[data-rank]').waitFor();
    assert.equal(
      await page.locator('[data-rank]').innerText(),
      `Less likely than ${share('validation', 120)}% of validation, ${share('train', 200)}% of train`,
    );
    await close();
  });

  it('lists the least and the most likely of a split, in that order, and selects them', async () => {
    const { page, close } = await opened();
    const costs = Array.from({ length: 120 }, (_, i) => cost(flow.data('validation', i)));
    const ranked = [...costs.keys()].sort((a, b) => costs[b]! - costs[a]!);
    await order(page, 'least likely first');
    await page.locator('[data-covered]', { hasText: 'All 120 scored.' }).waitFor();
    for (const n of [0, 1, 23]) await tileShows(page, 'example', n, flow.data('validation', ranked[n]!));
    await order(page, 'most likely first');
    const last = ranked.at(-1)!;
    const first = page.getByRole('button', {
      name: `validation ${last}, ${costs[last]!.toFixed(2)} bits/dim, number 1 of 120`,
    });
    await first.click();
    await page.waitForFunction(
      (text) => document.querySelector('[data-result]')!.textContent === text,
      costs[last]!.toFixed(2),
    );
    assert.equal(await first.getAttribute('aria-pressed'), 'true');
    await page.locator('[data-rank]', { hasText: 'Less likely than 0% of validation' }).waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.locator('.tick', { hasText: '25–48 of 120' }).waitFor();
    await close();
  });

  it('is compared with a folder that the host lets the user choose', async () => {
    const { page, close } = await opened();
    await chooseFolder(page);
    await page.locator('[data-covered]', { hasText: '98 of 300 scored, evenly spread.' }).waitFor();
    await page.locator('.gallery .bad', { hasText: '2 left out. toy: 6.png is damaged.' }).waitFor();
    assert.equal(await page.locator('canvas[data-name=example]').count(), 24);
    const all = [0, 40, 80].flatMap((start) => [
      ...(flow.answer('scores', { source: { kind: 'file', path: folder }, start }) as Scores).scores,
    ]);
    assert.equal(all.length, toyOwn.planned - toyOwn.damaged.length);
    const share = Math.round(
      (100 * all.filter((c) => c < cost(flow.data('validation', 0))).length) / all.length,
    );
    await page.locator('[data-rank]', { hasText: `${share}% of holidays` }).waitFor();
    // The outline of dashes steps at every bin, and is as high as the share of the scores in it.
    const outline = await page.locator('path[data-name=dashed]').getAttribute('d');
    const [, base, steps] = /^M[\d.]+ ([\d.]+)(.*)V[\d.]+$/.exec(outline!)!;
    const heights = [...steps!.matchAll(/V([\d.]+)H/g)].map((m) => Number(base) - Number(m[1]));
    const tallest = Math.max(...heights);
    assert.ok(heights.length >= 12 && tallest > 20);
    // Its scores and its examples are among what is copied.
    const scores = await copied(page, '.how-likely');
    assert.deepEqual(
      scores.filter(([set]) => set === 'holidays').map(([, score]) => Math.fround(Number(score))),
      all,
    );
    const listed = await copied(page, '.gallery');
    assert.deepEqual(listed[0]!.slice(0, 3), ['example', 'bits_per_dim', 'v0']);
    assert.equal(listed.length, 1 + 24);
    assert.deepEqual(
      listed.slice(1).map(([, score]) => Math.fround(Number(score))),
      all.slice(0, 24),
    );
    await page.getByRole('button', { name: /^holidays 3, / }).click();
    await page.locator('.bar .selected-value', { hasText: 'holidays' }).waitFor();
    await page.waitForFunction(
      (text) => document.querySelector('[data-result]')!.textContent === text,
      cost(flow.data('train', 3).reverse()).toFixed(2),
    );
    // Kept with the page's state, and left out on request.
    const state = (await page.evaluate(() => window.toyHost.state)) as { own?: string };
    assert.equal(state.own, folder);
    await page.locator('.gallery').getByRole('button', { name: 'Own…' }).click();
    await page.getByRole('menuitem', { name: 'Leave out' }).click();
    await page.locator('path[data-name=dashed]').waitFor({ state: 'detached' });
    await close();
  });

  it('says how far the scoring is, and ends it', async () => {
    const { page, close } = await opened({ delays: { scores: 700 } });
    await chooseFolder(page);
    await page.locator('.gallery [data-scoring]', { hasText: '40 of 100 scored' }).waitFor();
    await page.locator('.gallery [data-scoring]').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('[data-covered]', { hasText: '38 of 300 scored' }).waitFor();
    const asked = (await page.evaluate(() => window.toyHost.calls)).filter((c) =>
      c.startsWith('ask ["scores"'),
    ).length;
    assert.ok(asked <= 2, `${asked} blocks were asked for`);
    await close();
  });

  it('says why a folder cannot be scored', async () => {
    const { page, close } = await opened({ errors: { scores: 'toy: holds no pictures.' } });
    await chooseFolder(page);
    await page.locator('.gallery [role=alert]', { hasText: 'toy: holds no pictures.' }).waitFor();
    await close();
  });

  it('has a rank in a saved page too, where nothing else can be scored', async () => {
    const { page, close } = await browser.openRecorded(recordedToy({ kind: 'image' }));
    await page.locator('[data-rank]', { hasText: '% of validation' }).waitFor();
    await page.locator('.gallery').getByRole('tab', { name: 'Examples' }).click();
    await page.locator('canvas[data-name=example]').first().waitFor();
    assert.equal(await page.locator('vscode-dropdown[title="Order of the examples"]').count(), 0);
    assert.equal(await page.locator('.gallery').getByRole('button', { name: 'Own…' }).count(), 0);
    await close();
  });
});
