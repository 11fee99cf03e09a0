/** Latents that are changed by hand, in pictures, vectors and the plane, against the toy flow. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { LatentsView } from '../../src/protocol/latents';
import type { UneditedRef } from '../../src/protocol/inspect';
import { greyScale, signedScale } from '../../webview/base/canvas/colour-maps';
import { farthest, latentMaps } from '../../webview/features/latents/latent-maps';
import { InspectorBrowser, cellColour, parseNumber } from './support/inspector-page';
import { recordedToy } from './support/recorded';
import { ToyFlow, type ToyOptions } from './support/toy-flow';

const grey = greyScale(16);
const first: UneditedRef = { kind: 'data', split: 'validation', index: 0 };
const imageFlow = new ToyFlow({ kind: 'image' });
const view = imageFlow.answer('latents', { example: first }) as LatentsView;

const xOf = (flow: ToyFlow, example: UneditedRef, edits: [number, number][]) =>
  flow.example({ kind: 'edited', example, edits: edits.map(([element, value]) => ({ element, value })) });

async function pictureIs(page: Page, name: string, values: ArrayLike<number>): Promise<void> {
  const shades = Array.from(values, (value) => grey.at(value)[0]);
  await page.waitForFunction(
    ([canvasName, expected]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-name=${canvasName}]`);
      if (canvas?.width !== 8) return false;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, 8, 8);
      return expected.every((shade, i) => Math.abs(data[4 * i]! - shade) <= 1);
    },
    [name, shades] as const,
    { timeout: 5000 },
  );
}

const textIs = (page: Page, selector: string, text: string): Promise<unknown> =>
  page.waitForFunction(
    ([where, wanted]) => document.querySelector<HTMLElement>(where)?.innerText === wanted,
    [selector, text] as const,
    { timeout: 5000 },
  );
const signs = (value: number, decimals: number): string => value.toFixed(decimals).replace('-', '−');
const asked = (page: Page): Promise<string[]> =>
  page.evaluate(() => window.toyHost.calls.filter((call) => call.startsWith('ask ["edited"')));

describe('latents in the gallery', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (toy: ToyOptions & Parameters<InspectorBrowser['openLive']>[0]) => {
    const live = await browser.openLive(toy);
    await live.page.locator('[data-result]').waitFor();
    await live.page.locator('.gallery').getByRole('tab', { name: 'Latents' }).click();
    await live.page.locator('.edited-result').waitFor();
    return live;
  };
  const slider = (page: Page) => page.locator('.latent-slider input');

  it('are drawn scale by scale, the one farthest out picked', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const scale = signedScale(3, false);
    for (const map of latentMaps(view)) {
      assert.equal(map.count, 32);
      for (const cell of [3, 17, 40]) {
        const element = map.elements[cell] ?? -1;
        if (element < 0) continue;
        const colour = await cellColour(page, `canvas[data-name="latents[${map.scale}]"]`, {
          row: Math.floor(cell / map.width),
          column: cell % map.width,
          rows: map.height,
          columns: map.width,
        });
        assert.deepEqual(colour, [...scale.at(view.z[element]!)]);
      }
    }
    const [most] = farthest(view.z, 1);
    await textIs(page, `[data-latent="${most}"]`, signs(view.z[most!]!, 2));
    const listed = await page.locator('.latent-list button .num').allInnerTexts();
    assert.deepEqual(
      listed,
      farthest(view.z, 8).map((element) => signs(view.z[element]!, 2)),
    );
    await close();
  });

  it('change the picture, its difference and its cost while the slider moves', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const before = xOf(imageFlow, first, []);
    await pictureIs(page, 'before', before);
    await page.locator('.latent-list button').nth(2).click();
    const element = farthest(view.z, 3)[2]!;
    await slider(page).fill('-1.5');
    const x = xOf(imageFlow, first, [[element, -1.5]]);
    await pictureIs(page, 'edited', x);
    await pictureIs(page, 'before', before);
    const { nats, bitsPerDim } = imageFlow.nll(x);
    await textIs(page, '[data-bits]', bitsPerDim!.toFixed(3));
    await textIs(page, '[data-log-p]', signs(-nats, 2));
    const change = bitsPerDim! - imageFlow.nll(before).bitsPerDim!;
    const said = await page.locator('.cost > .tick').innerText();
    assert.ok(Math.abs(parseNumber(said.split(' ')[0]!) - change) < 1e-3, `${said} is not ${change}`);
    // The difference is centred on zero and drawn to the end that its legend says.
    const end = parseNumber((await page.locator('.edited-pictures .legend b').last().innerText()).trim());
    const scale = signedScale(end, false);
    for (const i of [9, 27, 44]) {
      const colour = await cellColour(page, 'canvas[data-name=difference]', {
        row: Math.floor(i / 8),
        column: i % 8,
        rows: 8,
        columns: 8,
      });
      scale.at(x[i]! - before[i]!).forEach((part, k) => assert.ok(Math.abs(part - colour[k]!) <= 1));
    }
    await page.getByRole('button', { name: 'Reset' }).click();
    await pictureIs(page, 'edited', before);
    await close();
  });

  it('are picked in the maps by pointer and arrow keys, and moved by the keys of the slider', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const map = latentMaps(view)[1]!;
    const cell = map.elements.findIndex((element) => element >= 0);
    const frame = page.locator('.latent-map .frame').nth(1);
    const box = (await frame.boundingBox())!;
    await frame.click({
      position: {
        x: ((cell % map.width) + 0.5) * (box.width / map.width),
        y: (Math.floor(cell / map.width) + 0.5) * (box.height / map.height),
      },
    });
    await page.locator(`[data-latent="${map.elements[cell]}"]`).waitFor();
    await frame.press('ArrowRight');
    const next = map.elements.slice(cell + 1, map.width).find((element) => element >= 0)!;
    await page.locator(`[data-latent="${next}"]`).waitFor();
    await slider(page).focus();
    await page.keyboard.press('End');
    await textIs(page, `[data-latent="${next}"]`, '4.00');
    await pictureIs(page, 'edited', xOf(imageFlow, first, [[next, 4]]));
    await page.keyboard.press('ArrowLeft');
    await pictureIs(page, 'edited', xOf(imageFlow, first, [[next, 3.95]]));
    assert.equal(await page.locator('[data-changed]').innerText(), '1 changed');
    await close();
  });

  it('ask one question at a time, and the newest last', async () => {
    const { page, close } = await opened({ kind: 'image', delays: { edited: 120 } });
    await page.evaluate(() => (window.toyHost.calls.length = window.toyHost.cancelled.length = 0));
    const element = farthest(view.z, 1)[0]!;
    await slider(page).evaluate((input: HTMLInputElement) => {
      for (let k = 0; k <= 30; k++) {
        input.value = String(-1.5 + 0.1 * k);
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }
    });
    await pictureIs(page, 'edited', xOf(imageFlow, first, [[element, 1.5]]));
    const calls = await asked(page);
    assert.ok(calls.length <= 3, `${calls.length} questions for 31 places of the slider`);
    assert.match(calls.at(-1)!, /"value":1.5/);
    assert.deepEqual(await page.evaluate(() => window.toyHost.cancelled.length), 0);
    await close();
  });

  it('can be the example of the page, and be changed further', async () => {
    const { page, close } = await opened({ kind: 'image' });
    const element = farthest(view.z, 1)[0]!;
    await slider(page).fill('2');
    const x = xOf(imageFlow, first, [[element, 2]]);
    await pictureIs(page, 'edited', x);
    await page.getByRole('button', { name: 'Use as example' }).click();
    await textIs(page, '[data-result]', imageFlow.nll(x).bitsPerDim!.toFixed(2));
    await page.locator('.bar .selected-value', { hasText: 'Changed latents' }).waitFor();
    await slider(page).fill('-2');
    await pictureIs(page, 'edited', xOf(imageFlow, first, [[element, -2]]));
    await pictureIs(page, 'before', xOf(imageFlow, first, []));
    // What is taken away are the latents before and after.
    await page.locator('.gallery .take-button').first().click();
    await page.getByRole('menuitem', { name: 'Save CSV' }).click();
    const saved = (): Promise<string | undefined> =>
      page.evaluate(() => window.toyHost.calls.findLast((call) => call.startsWith('save ')));
    await page.waitForFunction(() => window.toyHost.calls.some((call) => call.startsWith('save ')));
    assert.match((await saved())!, /latent,scale,z,z_changed/);
    await close();
  });

  it('of a sample are those that it was drawn from', async () => {
    const { page, close } = await opened({ kind: 'image' });
    await page.getByRole('radio', { name: 'a sample' }).click();
    const sample: UneditedRef = { kind: 'sample', count: 25, seed: 7, temperature: 0.8, index: 0 };
    const drawn = imageFlow.drawn(7, 0.8, 0);
    const element = farthest(drawn, 1)[0]!;
    await textIs(page, `[data-latent="${element}"]`, signs(drawn[element]!, 2));
    await pictureIs(page, 'before', xOf(imageFlow, sample, []));
    await close();
  });

  it('of a vector are all listed, and move its coordinates', async () => {
    const { page, close } = await opened({ kind: 'vector' });
    const flow = new ToyFlow({ kind: 'vector' });
    assert.equal(await page.locator('.latent-list button').count(), 5);
    await page.locator('.latent-list button').nth(3).click();
    await slider(page).fill('0.5');
    const x = xOf(flow, first, [[3, 0.5]]);
    for (const f of [0, 4]) await textIs(page, `[data-x="${f}"]`, signs(x[f]!, 3));
    await textIs(page, '[data-log-p]', signs(-flow.nll(x).nats, 2));
    await close();
  });

  it('of a flow of the plane are dragged in their square, by pointer and keys', async () => {
    const { page, close } = await opened({ kind: 'plane' });
    const flow = new ToyFlow({ kind: 'plane' });
    const square = page.locator('.latent-square canvas');
    const box = (await square.boundingBox())!;
    const at = (z: [number, number]) => ({
      x: box.x + (box.width * (z[0] + 4)) / 8,
      y: box.y + (box.height * (4 - z[1])) / 8,
    });
    await page.mouse.move(at([0, 0]).x, at([0, 0]).y);
    await page.mouse.down();
    await page.mouse.move(at([1, -2]).x, at([1, -2]).y, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(
      () => Math.abs(Number(document.querySelector('[data-latent="0"]')!.textContent) - 1) < 0.04,
    );
    const read = async (name: string): Promise<number> =>
      parseNumber(await page.locator(`[data-latent="${name}"]`).innerText());
    assert.ok(Math.abs((await read('1')) + 2) < 0.04);
    const calls = await asked(page);
    const { edits } = (JSON.parse(calls.at(-1)!.slice(4)) as [string, { edits: { value: number }[] }])[1];
    const z: [number, number] = [edits[0]!.value, edits[1]!.value];
    const moved = xOf(flow, first, [
      [0, z[0]],
      [1, z[1]],
    ]);
    await textIs(page, '[data-x="0"]', signs(moved[0]!, 3));
    await page.locator('.latent-square').focus();
    await page.keyboard.press('Shift+ArrowUp');
    const further = xOf(flow, first, [
      [0, z[0]],
      [1, z[1] + 0.5],
    ]);
    await textIs(page, '[data-x="1"]', signs(further[1]!, 3));
    await close();
  });

  it('say so where there is no way back, and in a saved page', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      errors: { edited: 'toy: one way only.' },
    });
    await page.locator('[data-result]').waitFor();
    await page.locator('.gallery').getByRole('tab', { name: 'Latents' }).click();
    await page.locator('.gallery [role=alert]', { hasText: 'toy: one way only.' }).waitFor();
    assert.equal(await page.locator('.latent-map').count(), 2);
    await close();
    const saved = await browser.openRecorded(recordedToy({ kind: 'image' }));
    await saved.page.locator('.gallery').getByRole('tab', { name: 'Latents' }).click();
    await saved.page.locator('.gallery', { hasText: 'Not in this saved page' }).waitFor();
    await saved.page.locator('.gallery').getByRole('tab', { name: 'Nearest' }).click();
    await saved.page.locator('.gallery', { hasText: 'Not in this saved page' }).waitFor();
    await saved.close();
  });
});
