/**
 * The gallery beyond what every model's is tried for (models/gallery.test.ts): choices by pointer and keys, what becomes the
 * example, and questions that are slow, fail or are given up.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { arrays, type Numbers } from '../inspector/command-line';
import { near, parseNumber, result, value } from '../inspector/frame';
import { examplesOf, type Model, showTab } from '../inspector/models';
import { untilPictures } from '../inspector/pictures';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage, Faults } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel, tinyRun, type TinyRun } from './support/tiny-models';

const waiting = 60_000;
const pane = { width: 1280, height: 800 };

describe('the gallery of a small flow', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  let vector: TinyRun;
  let moved: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
      vector = await tinyRun(editor.folder, 'vector');
      moved = await tinyModel(editor.folder, 'digits', { moved: true });
    },
    { untrained: true },
  );

  const gallery = (page: Page) => page.locator('.gallery');
  const opened = async (tab: string, model: Model = digits, faults: Faults = {}): Promise<EnginePage> => {
    const live = await editor.openPage(model.file(), { ...pane, ...faults });
    await live.page.locator('[data-result]').waitFor();
    await showTab(live.page, '.gallery', tab);
    return live;
  };
  const selected = (page: Page, name: string) =>
    page.locator('.bar .selected-value', { hasText: name }).waitFor();
  const picked = (page: Page): Promise<string> => page.locator('[data-picked]').innerText();
  const row = ({ shape, data }: Numbers, i: number): Float32Array => {
    const size = data.length / shape[0]!;
    return data.subarray(i * size, (i + 1) * size);
  };

  describe('latents', () => {
    const slider = (page: Page) => page.locator('.latent-slider input');
    const ready = async (model: Model = digits, faults: Faults = {}): Promise<EnginePage> => {
      const live = await opened('Latents', model, faults);
      await live.page.locator('.edited-result').waitFor();
      return live;
    };

    it('are picked in the maps by pointer and arrow keys, and moved by the keys of the slider', async () => {
      const live = await ready();
      const { page } = live;
      const frame = page.locator('.latent-map .frame').nth(1);
      const box = (await frame.boundingBox())!;
      await frame.click({ position: { x: box.width / 2 + 2, y: box.height / 2 + 2 } });
      const shown = page.locator('.latent-slider [data-latent]').first();
      const at = async (): Promise<number> => Number(await shown.getAttribute('data-latent'));
      const before = await at();
      await frame.press('ArrowRight');
      await until('the next latent', async () => (await at()) !== before);
      const next = await at();
      await slider(page).focus();
      await page.keyboard.press('End');
      await page.locator(`[data-latent="${next}"]`, { hasText: '4.00' }).first().waitFor();
      await live.untilAsked('edited', ({ edits }) => edits[0]?.element === next && edits[0].value === 4);
      await page.keyboard.press('ArrowLeft');
      await live.untilAsked('edited', ({ edits }) => edits[0]?.value === 3.95);
      assert.equal(await page.locator('[data-changed]').innerText(), '1 changed');
    });

    it('ask one question at a time, and the newest last', async () => {
      const live = await ready(digits, { delays: { edited: 200 } });
      const { page } = live;
      const [asked, cancelled] = [live.asked('edited').length, live.cancelled.length];
      await slider(page).evaluate((input: HTMLInputElement) => {
        for (let k = 0; k <= 30; k++) {
          input.value = String(-1.5 + 0.1 * k);
          input.dispatchEvent(new Event('input', { bubbles: true }));
        }
      });
      await live.untilAsked('edited', ({ edits }) => edits[0]?.value === 1.5);
      const calls = live.asked('edited').slice(asked);
      assert.ok(calls.length <= 3, `${calls.length} questions for 31 places of the slider`);
      assert.equal(calls.at(-1)?.edits[0]?.value, 1.5);
      assert.equal(live.cancelled.length, cancelled);
    });

    it('can be the example of the page, and be changed further', async () => {
      const live = await ready();
      const { page } = live;
      await slider(page).fill('2');
      await live.untilAsked('edited', ({ edits }) => edits[0]?.value === 2);
      await page.getByRole('button', { name: 'Use as example' }).click();
      await selected(page, 'Changed latents');
      await live.untilAsked('strip', ({ example }) => example?.kind === 'edited');
      await until('one cost in both', async () => {
        const bits = value(await page.locator('[data-bits]').innerText());
        return Math.abs(bits - (await result(page.mainFrame()))) <= 0.0051;
      });
      await slider(page).fill('-2');
      const { example } = await live.untilAsked('edited', ({ edits }) => edits[0]?.value === -2);
      assert.equal(example.kind, 'data', 'changes are of the example, not of changes');
    });

    it('of a sample are those that it was drawn from', async () => {
      const { z } = await arrays<'z'>('sample', digits.file(), { count: 25, seed: 7, temperature: 1 });
      const { page } = await ready();
      await page.getByRole('radio', { name: 'a sample' }).click();
      const first = row(z, 0);
      const farthest = first.reduce((far, v, i) => (Math.abs(v) > Math.abs(first[far]!) ? i : far), 0);
      const shown = await until('the farthest latent', async () => {
        const found = page.locator(`.latent-slider [data-latent="${farthest}"]`);
        return (await found.count()) > 0 && parseNumber(await found.first().innerText());
      });
      near(shown, first[farthest]!, 0.0051, 'the farthest latent');
    });

    it('of a vector are all listed, and move its coordinates', async () => {
      const live = await ready(vector);
      const { page } = live;
      assert.equal(await page.locator('.latent-list button').count(), 6);
      const before = await page.locator('[data-x="0"]').innerText();
      await page.locator('.latent-list button').nth(3).click();
      await slider(page).fill('0.5');
      await live.untilAsked('edited', ({ edits }) => edits[0]?.element === 3 && edits[0].value === 0.5);
      await until('other coordinates', async () => {
        const now = await page.locator('[data-x="3"]').innerText();
        return now !== '' && now !== before;
      });
    });

    it('say so where there is no way back', async () => {
      const { page } = await opened('Latents', digits, { errors: { edited: 'tiny: one way only.' } });
      await page.locator('.gallery [role=alert]', { hasText: 'tiny: one way only.' }).waitFor();
      assert.equal(await page.locator('.latent-map').count(), 2);
    });
  });

  describe('interpolations', () => {
    it('become the example of the page, by the pointer', async () => {
      const live = await opened('Interpolate');
      const { page } = live;
      await page.getByRole('button', { name: 'φ 135°, φ′ 45°' }).click();
      assert.match(await picked(page), /^φ 135°, φ′ 45°, \|z\| /);
      await gallery(page).getByRole('button', { name: 'Use as example' }).click();
      const { example } = await live.untilAsked('strip', (query) => query.example?.kind === 'manifold');
      const { phi, phiPrime } = example as { phi: number; phiPrime: number };
      near(phi, 0.75 * Math.PI, 1e-9, 'φ');
      near(phiPrime, 0.25 * Math.PI, 1e-9, 'φ′');
      await selected(page, 'Interpolated');
    });

    it('are one stop of the Tab key, with arrows inside that leave layer and example alone', async () => {
      const live = await opened('Interpolate');
      const { page } = live;
      const tiles = page.getByRole('group', { name: 'The manifold of the four examples' });
      await tiles.waitFor();
      await page.locator('canvas[data-name=manifold]').nth(63).waitFor();
      assert.equal(await tiles.locator('button[tabindex="0"]').count(), 1);
      const title = await page.locator('.head h2').innerText();
      await tiles.locator('button').first().focus();
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft'])
        await page.keyboard.press(key);
      await page.keyboard.press('Enter');
      assert.match(await picked(page), /^φ 45°, φ′ 45°/);
      assert.equal(await page.locator('.head h2').innerText(), title);
      const index = page.locator('.bar vscode-text-field[title^="Index of the example"] input');
      assert.equal(await index.inputValue(), '0');
    });

    it('take other examples, other angles and samples, by keys too', async () => {
      const live = await opened('Interpolate');
      const { page } = live;
      await page.locator('canvas[data-name=manifold]').first().waitFor();
      await page.getByRole('button', { name: 'z₂, validation 1' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Next example for z₂' }).click();
      await page.getByRole('button', { name: 'z₂, validation 2' }).waitFor();
      const index = page.locator('vscode-text-field[title^="Index of z₂"] input');
      await index.fill('7');
      await index.press('Enter');
      await page.getByRole('button', { name: 'z₂, validation 7' }).waitFor();
      await index.fill('359');
      await index.press('Enter');
      await page.locator('vscode-text-field[title^="Index of z₂"].invalid').waitFor();
      await page.locator('vscode-dropdown[title="Where z₂ comes from"]').click();
      await page.locator('vscode-option:visible', { hasText: 'A sample' }).click();
      await live.untilAsked('manifold', ({ corners }) => corners[1].kind === 'sample');
      await page.getByRole('radio', { name: 'quarter' }).click();
      await live.untilAsked('manifold', ({ range }) => range === 'quarter');
      await page.locator('vscode-dropdown[title="Angles a side"]').click();
      await page.locator('vscode-option:visible', { hasText: '5×5' }).click();
      await live.untilAsked('manifold', ({ angles }) => angles === 5);
      const tiles = page.locator('canvas[data-name=manifold]');
      await until('twenty-five tiles', async () => (await tiles.count()) === 25);
    });

    it('start from samples where there are no data, can be cancelled and asked again', async () => {
      const live = await opened('Interpolate', moved, { delays: { manifold: waiting } });
      const panel = live.page.locator('#gallery-panel');
      await panel.getByText('Cancel').click();
      await panel.getByText('Canceled').waitFor();
      live.delays = {};
      await panel.getByText('Retry').click();
      await live.page.locator('canvas[data-name=manifold]').first().waitFor();
      for (const { kind } of live.asked('manifold').at(-1)!.corners) assert.equal(kind, 'sample');
    });

    it('say why they cannot be drawn, and keep the controls', async () => {
      const live = await opened('Interpolate', digits, { errors: { manifold: 'tiny: no second example.' } });
      await live.page.getByText('no second example').waitFor();
      live.errors = {};
      await live.page.getByRole('radio', { name: 'quarter' }).click();
      await live.page.locator('canvas[data-name=manifold]').first().waitFor();
    });

    it('of longer vectors are listed, which have no scales to reconstruct from', async () => {
      const { page } = await opened('Interpolate', vector);
      const rows = page.locator('#gallery-panel tbody tr');
      await rows.first().waitFor();
      assert.equal(await rows.count(), 64);
      const first = await rows.first().locator('td.num').allInnerTexts();
      assert.deepEqual(first.slice(0, 2), ['0°', '0°']);
      const [expected] = await examplesOf(vector, 'validation', [0]);
      first.slice(2).forEach((cell, f) => near(parseNumber(cell), expected![f]!, 0.006, `feature ${f}`));
      await page.getByRole('button', { name: 'φ 0°, φ′ 90°' }).click();
      assert.match(await picked(page), /^φ 0°, φ′ 90°/);
      assert.equal(await page.getByRole('tab', { name: 'Reconstruct' }).count(), 0);
    });
  });

  it('draws the fine latents of reconstructions anew, any of which becomes the example', async () => {
    const live = await opened('Reconstruct');
    const { page } = live;
    const tiles = page.locator('canvas[data-name=reconstruction]');
    await until('twelve tiles', async () => (await tiles.count()) === 12);
    assert.deepEqual(await page.locator('.column-heads span').allInnerTexts(), ['x', '100%', '50%']);
    await page.getByRole('button', { name: /^Sample again/ }).click();
    await live.untilAsked('reconstruct', ({ seed }) => seed === 8);
    await page.getByRole('button', { name: 'Example 3, 50% of its latents kept' }).click();
    assert.equal(await picked(page), 'Example 3, 50% of its latents kept');
    await gallery(page).getByRole('button', { name: 'Use as example' }).click();
    const { example } = await live.untilAsked('strip', (query) => query.example?.kind === 'reconstruction');
    const { row: place, column, seed } = example as { row: number; column: number; seed: number };
    assert.deepEqual([place, column, seed], [2, 1, 8]);
    await selected(page, 'Reconstructed');
  });

  describe('samples', () => {
    it('have a temperature for each scale', async () => {
      const live = await opened('Samples');
      const { page } = live;
      await page.locator('.by-scale summary').click();
      const fine = page.getByRole('slider', { name: 'Temperature of scale 1' });
      await fine.focus();
      await page.keyboard.press('ArrowLeft');
      await live.untilAsked('samples', ({ scaleTemperatures }) => scaleTemperatures?.join() === '0.95,1');
      await page.keyboard.press('ArrowRight');
      // All at 1 is no choice by scale: what is asked next is as if there had been none.
      await page.getByRole('button', { name: /^Sample: / }).click();
      await live.untilAsked(
        'samples',
        ({ seed, scaleTemperatures }) => seed === 8 && (scaleTemperatures ?? undefined) === undefined,
      );
    });

    it('are truncated all alike or by scale, and the picked one stays when it is looked at', async () => {
      const { x } = await arrays<'x'>('sample', digits.file(), { count: 25, seed: 7, temperature: 1 });
      const live = await opened('Samples');
      const { page } = live;
      const samples = (): Promise<unknown> =>
        untilPictures(
          page.mainFrame(),
          '.gallery canvas[data-name=sample]',
          digits,
          Array.from({ length: 25 }, (_, i) => row(x, i)),
        );
      await samples();
      const bound = page.getByRole('slider', { name: 'Truncation', exact: true });
      const said = () => bound.getAttribute('aria-valuetext');
      assert.equal(await said(), 'none');
      await bound.focus();
      await page.keyboard.press('Home');
      assert.equal(await said(), '|z| ≤ 0.2');
      await live.untilAsked('samples', ({ truncations }) => truncations?.join() === '0.2');
      await page.getByRole('button', { name: 'Sample 4', exact: true }).click();
      await gallery(page).getByRole('button', { name: 'Use as example' }).click();
      await live.untilAsked(
        'strip',
        ({ example }) =>
          example?.kind === 'sample' && example.index === 3 && example.truncations?.join() === '0.2',
      );
      await bound.focus();
      await page.keyboard.press('End');
      await samples();

      await page.locator('.by-scale summary').click();
      const coarse = page.getByRole('slider', { name: 'Truncation of scale 2' });
      await coarse.focus();
      await page.keyboard.press('Home');
      await live.untilAsked('samples', ({ truncations }) => truncations?.[1] === 0.2);
      assert.equal(await said(), 'by scale');
      await page.getByRole('slider', { name: 'Truncation of scale 1' }).focus();
      await page.keyboard.press('Home');
      // All alike is one bound, whose answer is known already.
      await until('one bound', async () => (await said()) === '|z| ≤ 0.2');
    });
  });

  describe('nearest training examples', () => {
    const labels = (page: Page): Promise<string[]> =>
      page
        .locator('.nearest-tiles button')
        .evaluateAll((buttons) => buttons.map((button) => button.ariaLabel!));

    it('of the picked sample stay when one of them is selected', async () => {
      const { page } = await opened('Nearest');
      const found = (but?: string[]): Promise<string[]> =>
        until('the nearest', async () => {
          const all = await labels(page);
          const busy = await gallery(page).locator('[aria-busy=true]').count();
          return busy === 0 && all.length === 8 && all.join() !== but?.join() && all;
        });
      const ofExample = await found();
      await page.getByRole('radio', { name: 'a sample' }).click();
      const before = await found(ofExample);
      await page.locator('.nearest-tiles button').nth(4).click();
      await page.locator('.nearest-tiles button').nth(4).and(page.locator('[aria-pressed=true]')).waitFor();
      assert.deepEqual(await labels(page), before);
    });

    it('of a vector are rows with their distance', async () => {
      const { page } = await opened('Nearest', vector);
      await page.locator('[data-verdict]').waitFor();
      const rows = await page.locator('.gallery .rows-table tbody tr').allInnerTexts();
      const distances = rows.map((text) => parseNumber(text.split(/\s+/)[1]!));
      assert.equal(rows.length, 8);
      assert.deepEqual(
        [...distances].sort((a, b) => a - b),
        distances,
      );
    });

    it('can be cancelled and asked for again; they stop where they are and go on when asked to', async () => {
      const live = await opened('Nearest', digits, { delays: { nearest: waiting } });
      const { page } = live;
      await gallery(page).getByRole('button', { name: 'Cancel' }).click();
      await gallery(page).getByText('Canceled').first().waitFor();
      live.delays = {};
      await gallery(page).getByRole('button', { name: 'Retry' }).click();
      await page.locator('[data-looked="1438"]').waitFor();
      const looks = live.asked('nearest').length;
      // The first look by latents is answered, the next is held.
      live.hold('nearest', ({ space, most }) => space === 'latent' && most > 256);
      await page.getByRole('radio', { name: 'Latents' }).click();
      await page.locator('[data-looked="256"]').waitFor();
      await page.locator('[data-looked]').getByRole('button', { name: 'Cancel' }).click();
      live.hold('nearest', () => false);
      await page.getByRole('button', { name: 'Look at more' }).click();
      await page.locator('[data-looked="1438"]').waitFor();
      assert.ok(live.asked('nearest').length > looks + 2);
    });
  });
});
