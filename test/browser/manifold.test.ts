/** Interpolation and reconstruction in the gallery: pixels and numbers against the toy flow, pointer and keys. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { defaultManifold } from '../../src/protocol/questions';
import type { ManifoldView, Reconstructions } from '../../src/protocol/inspect';
import { InspectorBrowser, parseNumber } from './support/inspector-page';
import { tileShows } from './support/tiles';
import { ToyFlow } from './support/toy-flow';

const flow = new ToyFlow({ kind: 'image' });
const grid = defaultManifold(flow.summary);

const calls = (page: Page, name: string): Promise<string[]> =>
  page.evaluate((wanted) => window.toyHost.calls.filter((call) => call.startsWith(wanted)), name);
const waitForCall = (page: Page, method: string, part: string): Promise<unknown> =>
  page.waitForFunction(
    ([start, text]) => window.toyHost.calls.some((c) => c.startsWith(start) && c.includes(text)),
    [`ask ["${method}"`, part] as const,
  );
const picked = (page: Page): Promise<string> => page.locator('[data-picked]').innerText();

describe('gallery of what is made of examples', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (tab: string, options: Parameters<InspectorBrowser['openLive']>[0]) => {
    const live = await browser.openLive(options);
    await live.page.locator('.worked').or(live.page.locator('[data-name=plane]')).first().waitFor();
    await live.page.getByRole('tab', { name: tab }).click();
    return live;
  };

  it('draws the manifold of four validation examples, which stand a quarter turn apart in it', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'image' });
    await page.locator('canvas[data-name=manifold]').first().waitFor();
    assert.equal(await page.locator('canvas[data-name=manifold]').count(), 64);
    // Pixels of the data themselves, not of the formula: cos and sin of 0° and 90° leave one example each.
    for (const [example, cell] of [0, 2, 16, 18].entries()) {
      await tileShows(page, 'manifold', cell, flow.data('validation', example));
      await tileShows(page, 'corner', example, flow.data('validation', example));
    }
    const view = flow.answer('manifold', grid) as ManifoldView;
    for (const cell of [9, 36, 63])
      await tileShows(page, 'manifold', cell, view.values.data.subarray(cell * 64, (cell + 1) * 64));
    await close();
  });

  it('makes any point the example of the page, by the pointer', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'image' });
    const view = flow.answer('manifold', grid) as ManifoldView;
    await page.getByRole('button', { name: 'φ 135°, φ′ 45°' }).click();
    assert.match(await picked(page), /^φ 135°, φ′ 45°, \|z\| /);
    const length = parseNumber((await picked(page)).split('|z| ')[1]!);
    assert.ok(Math.abs(length - view.norms.data[3 * 8 + 1]!) < 0.006);
    await page.getByRole('button', { name: 'Use as example' }).click();
    await waitForCall(page, 'strip', '"kind":"manifold"');
    const asked = (await calls(page, 'ask ["strip"')).at(-1)!;
    const { phi, phiPrime } = (
      JSON.parse(asked.slice(4)) as [string, { example: { phi: number; phiPrime: number } }]
    )[1].example;
    assert.ok(Math.abs(phi - 0.75 * Math.PI) < 1e-9 && Math.abs(phiPrime - 0.25 * Math.PI) < 1e-9);
    await page.locator('.bar .selected-value', { hasText: 'Interpolated' }).waitFor();
    await close();
  });

  it('is one stop of the Tab key, with arrows inside that leave layer and example alone', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'image' });
    const tiles = page.getByRole('group', { name: 'The manifold of the four examples' });
    await tiles.waitFor();
    assert.equal(await tiles.locator('button[tabindex="0"]').count(), 1);
    const title = await page.locator('.head h2').innerText();
    const asked = (await calls(page, 'ask ["strip"')).length;
    await tiles.locator('button').first().focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft']) await page.keyboard.press(key);
    await page.keyboard.press('Enter');
    assert.match(await picked(page), /^φ 45°, φ′ 45°/);
    assert.equal(await page.locator('.head h2').innerText(), title);
    assert.equal((await calls(page, 'ask ["strip"')).length, asked);
    await close();
  });

  it('takes other examples, other angles and samples, by keys too', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'image' });
    await page.locator('canvas[data-name=manifold]').first().waitFor();
    await page.getByRole('button', { name: 'z₂, validation 1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Next example for z₂' }).click();
    await page.getByRole('button', { name: 'z₂, validation 2' }).waitFor();
    await page.locator('canvas[data-name=manifold]').nth(63).waitFor();
    await tileShows(page, 'manifold', 2, flow.data('validation', 2));
    const index = page.locator('vscode-text-field[title^="Index of z₂"] input');
    await index.fill('7');
    await index.press('Enter');
    await page.getByRole('button', { name: 'z₂, validation 7' }).waitFor();
    await index.fill('120');
    await index.press('Enter');
    await page.locator('vscode-text-field[title^="Index of z₂"].invalid').waitFor();
    await page.locator('vscode-dropdown[title="Where z₂ comes from"]').click();
    await page.locator('vscode-option:visible', { hasText: 'A sample' }).click();
    await waitForCall(page, 'manifold', '"kind":"sample"');

    await page.getByRole('radio', { name: 'quarter' }).click();
    await waitForCall(page, 'manifold', '"range":"quarter"');
    await page.locator('vscode-dropdown[title="Angles a side"]').click();
    await page.locator('vscode-option:visible', { hasText: '5×5' }).click();
    await waitForCall(page, 'manifold', '"angles":5');
    await page.waitForFunction(() => document.querySelectorAll('canvas[data-name=manifold]').length === 25);
    // The corners of the sheet are the examples.
    await tileShows(page, 'manifold', 0, flow.data('validation', 0));
    await tileShows(page, 'manifold', 20, flow.data('validation', 2));
    await tileShows(page, 'manifold', 24, flow.data('validation', 3));
    await close();
  });

  it('starts from samples where there are no data, can be cancelled and asked again', async () => {
    const { page, close } = await opened('Interpolate', {
      kind: 'image',
      noData: true,
      delays: { manifold: 60_000 },
    });
    const panel = page.locator('#gallery-panel');
    await panel.getByText('Cancel').click();
    await panel.getByText('Cancelled').waitFor();
    await page.evaluate(() => (window.toyHost.delays = {}));
    await panel.getByText('Retry').click();
    await page.locator('canvas[data-name=manifold]').first().waitFor();
    await tileShows(page, 'manifold', 0, flow.sample(7, 0.8, 0).at(-1)!);
    await close();
  });

  it('says why a manifold cannot be drawn, and keeps the controls', async () => {
    const { page, close } = await opened('Interpolate', {
      kind: 'image',
      errors: { manifold: 'Example 1 of the validation data was asked for; there are 1, numbered from 0.' },
    });
    await page.getByText('was asked for; there are 1').waitFor();
    await page.evaluate(() => (window.toyHost.errors = {}));
    await page.getByRole('radio', { name: 'quarter' }).click();
    await page.locator('canvas[data-name=manifold]').first().waitFor();
    await close();
  });

  it('keeps coarse latents and draws fine ones anew, a row for each example', async () => {
    const { page, close } = await opened('Reconstruct', { kind: 'image' });
    await page.locator('canvas[data-name=reconstruction]').first().waitFor();
    assert.equal(await page.locator('canvas[data-name=reconstruction]').count(), 12);
    assert.deepEqual(await page.locator('.column-heads span').allInnerTexts(), ['x', '100%', '50%']);
    const view = flow.answer('reconstruct', {
      examples: grid.corners,
      seed: 7,
      temperature: 1,
    }) as Reconstructions;
    for (let row = 0; row < 4; row++) {
      // As given, and with everything kept, are one picture; without half of the latents is another.
      await tileShows(page, 'reconstruction', 3 * row, flow.data('validation', row));
      await tileShows(page, 'reconstruction', 3 * row + 1, flow.data('validation', row));
      const half = view.values.data.subarray((2 * row + 1) * 64, (2 * row + 2) * 64);
      await tileShows(page, 'reconstruction', 3 * row + 2, half);
    }
    await page.getByRole('button', { name: /^Draw anew/ }).click();
    await waitForCall(page, 'reconstruct', '"seed":8');
    await page.getByRole('button', { name: 'Example 3, 50% of its latents kept' }).click();
    assert.equal(await picked(page), 'Example 3, 50% of its latents kept');
    await page.getByRole('button', { name: 'Use as example' }).click();
    await waitForCall(page, 'strip', '"kind":"reconstruction"');
    assert.match((await calls(page, 'ask ["strip"')).at(-1)!, /"row":2,"column":1,"seed":8/);
    await page.locator('.bar .selected-value', { hasText: 'Reconstructed' }).waitFor();
    await close();
  });

  it('draws samples with a temperature for each scale', async () => {
    const { page, close } = await opened('Samples', { kind: 'image' });
    await page.locator('.by-scale summary').click();
    const fine = page.getByRole('slider', { name: 'Temperature of scale 1' });
    await fine.focus();
    await page.keyboard.press('ArrowLeft');
    await waitForCall(page, 'samples', '"scaleTemperatures":[0.95,1]');
    await page.keyboard.press('ArrowRight');
    // All at 1 is no choice by scale: what is asked next is as if there had been none.
    await page.getByRole('button', { name: /^Sample: / }).click();
    await waitForCall(page, 'samples', '"seed":8');
    assert.doesNotMatch((await calls(page, 'ask ["samples"')).at(-1)!, /scaleTemperatures/);
    await close();
  });

  it('draws the manifold of a flow of the plane as lines through the picked point', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'plane' });
    const plane = new ToyFlow({ kind: 'plane' });
    const view = plane.answer('manifold', defaultManifold(plane.summary)) as ManifoldView;
    const canvas = page.locator('canvas[data-name=manifold]');
    await canvas.waitFor();
    const bounds = { x: [-1.8, 2.8], y: [-2, 2.6] } as const;
    /** The colour at a point of the plane. */
    const colourAt = (x: number, y: number): Promise<number[]> =>
      canvas.evaluate(
        (element, [u, v]) => {
          const board = element as HTMLCanvasElement;
          const at = [Math.round(u * board.width), Math.round(v * board.height)] as const;
          return [
            ...board
              .getContext('2d')!
              .getImageData(...at, 1, 1)
              .data.slice(0, 3),
          ];
        },
        [(x - bounds.x[0]) / 4.6, (bounds.y[1] - y) / 4.6] as const,
      );
    const accent = await page.evaluate(() => {
      const probe = document.createElement('i');
      probe.style.color = getComputedStyle(document.body).getPropertyValue('--focus');
      document.body.append(probe);
      const [r, g, b] = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
      probe.remove();
      return [r, g, b];
    });
    const point = (row: number, column: number): [number, number] => {
      const i = 2 * (row * view.angles.length + column);
      return [view.values.data[i]!, view.values.data[i + 1]!];
    };
    assert.deepEqual(await colourAt(...point(0, 0)), accent);
    const phi = page.getByRole('slider', { name: 'Angle φ', exact: true });
    await phi.focus();
    for (let k = 0; k < 5; k++) await page.keyboard.press('ArrowRight');
    assert.deepEqual(await colourAt(...point(5, 0)), accent);
    assert.notDeepEqual(await colourAt(...point(0, 0)), accent);
    assert.match(await picked(page), /^φ 37\.5°, φ′ 0°/);
    await close();
  });

  it('lists the points of longer vectors, and has no mode for scales that they do not have', async () => {
    const { page, close } = await opened('Interpolate', { kind: 'vector' });
    const rows = page.locator('#gallery-panel tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 64);
    const first = await rows.first().locator('td.num').allInnerTexts();
    assert.deepEqual(first.slice(0, 2), ['0°', '0°']);
    const expected = new ToyFlow({ kind: 'vector' }).data('validation', 0);
    first.slice(2).forEach((cell, f) => assert.ok(Math.abs(parseNumber(cell) - expected[f]!) < 0.006));
    await page.getByRole('button', { name: 'φ 0°, φ′ 90°' }).click();
    assert.match(await picked(page), /^φ 0°, φ′ 90°/);
    assert.equal(await page.getByRole('tab', { name: 'Reconstruct' }).count(), 0);
    await close();
  });
});
