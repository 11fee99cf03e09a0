/** The nearest training examples in the gallery, against the toy flow. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { ExampleRef } from '../../src/protocol/inspect';
import type { NearestExamples, NearestSpace } from '../../src/protocol/nearest';
import { InspectorBrowser } from './support/inspector-page';
import { tileShows } from './support/tiles';
import { ToyFlow } from './support/toy-flow';
import { toyLimit } from './support/toy-latents';

const flow = new ToyFlow({ kind: 'image' });
const found = (example: ExampleRef, space: NearestSpace): NearestExamples =>
  flow.answer('nearest', { example, space, count: 8, most: toyLimit }) as NearestExamples;
const first: ExampleRef = { kind: 'data', split: 'validation', index: 0 };

async function tilesAre(page: Page, answer: NearestExamples): Promise<void> {
  await page.locator(`[data-looked="${answer.looked}"]`).waitFor();
  const names = [...answer.indices].map(
    (index, i) =>
      `train ${index}, distance ${answer.distances[i]!.toFixed(2)}, ${answer.bitsPerDim![i]!.toFixed(2)} bits/dim`,
  );
  await page.waitForFunction(
    (wanted) =>
      JSON.stringify([...document.querySelectorAll('.nearest-tiles button')].map((b) => b.ariaLabel)) ===
      JSON.stringify(wanted),
    names,
    { timeout: 5000 },
  );
  for (const n of [0, 7]) await tileShows(page, 'nearest', n, flow.data('train', answer.indices[n]!));
}

describe('nearest training examples', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (toy: Parameters<InspectorBrowser['openLive']>[0]) => {
    const live = await browser.openLive(toy);
    await live.page.locator('[data-result]').waitFor();
    await live.page.locator('.gallery').getByRole('tab', { name: 'Nearest' }).click();
    return live;
  };

  it('stand in order with their distance and cost, in pixels and in latents', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const byPixels = found(first, 'data');
    await tilesAre(page, byPixels);
    await page.locator('[data-looked]', { hasText: `Of the first ${toyLimit} of 300` }).waitFor();
    const nearer = byPixels.usual.filter((value) => value < byPixels.distances[0]!).length;
    const said = await page.locator('[data-verdict]').innerText();
    assert.ok(said.startsWith(`Nearest at ${byPixels.distances[0]!.toFixed(2)}`), said);
    assert.match(
      said,
      nearer === 0 ? /may be a copy/ : nearer === 8 ? /No copy/ : new RegExp(`${nearer} of 8`),
    );
    await page.getByRole('radio', { name: 'Latents' }).click();
    const byLatents = found(first, 'latent');
    assert.notDeepEqual(byLatents.indices, byPixels.indices);
    // The first look is at fewer; the rest follow by themselves.
    await tilesAre(page, byLatents);
    const looks = await page.evaluate(() =>
      window.toyHost.calls.filter((call) => call.includes('"space":"latent"')),
    );
    assert.deepEqual(
      looks.map((call) => Number(/"most":(\d+)/.exec(call)![1])),
      [256, toyLimit],
    );
    await close();
  });

  it('become the selected example by a click, whose own nearest follow', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const answer = found(first, 'data');
    await tilesAre(page, answer);
    await page.locator('.nearest-tiles button').nth(1).click();
    const chosen: ExampleRef = { kind: 'data', split: 'train', index: answer.indices[1]! };
    await page.waitForFunction(
      (text) => document.querySelector('[data-result]')!.textContent === text,
      answer.bitsPerDim![1]!.toFixed(2),
    );
    const own = found(chosen, 'data');
    assert.ok(!own.indices.includes(answer.indices[1]!));
    await tilesAre(page, own);
    await close();
  });

  it('of the picked sample stay when one of them is selected', async () => {
    const { page, close } = await opened({ kind: 'image' });
    await page.getByRole('radio', { name: 'a sample' }).click();
    const answer = found({ kind: 'sample', count: 25, seed: 7, temperature: 0.8, index: 0 }, 'data');
    await tilesAre(page, answer);
    await page.locator('.nearest-tiles button').nth(4).click();
    await page.waitForFunction(
      () => document.querySelectorAll('.nearest-tiles button')[4]!.getAttribute('aria-pressed') === 'true',
    );
    await tilesAre(page, answer);
    await close();
  });

  it('of a vector are rows with their distance', async () => {
    const { page, close } = await opened({ kind: 'vector' });
    await page.locator('[data-verdict]').waitFor();
    const vectors = new ToyFlow({ kind: 'vector' });
    const answer = vectors.answer('nearest', {
      example: first,
      space: 'data',
      count: 8,
      most: 2048,
    }) as NearestExamples;
    const rows = await page.locator('.gallery .rows-table tbody tr').allInnerTexts();
    assert.equal(rows.length, 8);
    rows.forEach((row, i) => {
      const [index, distance] = row.split(/\s+/);
      assert.deepEqual([index, distance], [String(answer.indices[i]), answer.distances[i]!.toFixed(4)]);
    });
    await close();
  });

  it('can be cancelled and asked for again', async () => {
    const { page, close } = await opened({ kind: 'image', delays: { nearest: 4000 } });
    await page.locator('.gallery').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.gallery', { hasText: 'Cancelled' }).waitFor();
    await page.evaluate(() => (window.toyHost.delays = {}));
    await page.locator('.gallery').getByRole('button', { name: 'Retry' }).click();
    await tilesAre(page, found(first, 'data'));
    await close();
  });

  it('stop where they are and go on when asked to', async () => {
    const { page, close } = await opened({ kind: 'image' });
    await tilesAre(page, found(first, 'data'));
    await page.evaluate(() => (window.toyHost.delays = { nearest: 1500 }));
    await page.getByRole('radio', { name: 'Latents' }).click();
    await page.locator('[data-looked="256"]').waitFor();
    await page.locator('[data-looked]').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Look at more' }).click();
    await tilesAre(page, found(first, 'latent'));
    await close();
  });

  it('are not looked for without data, which is said', async () => {
    const { page, close } = await opened({ kind: 'image', noData: true });
    await page.locator('.gallery', { hasText: 'The file digits.csv was moved.' }).waitFor();
    await close();
  });
});
