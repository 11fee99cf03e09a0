/** What a comparison offers, keeps and takes along: choices, ranges, reload, back and forward, the saved page. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { giveValues, parseNumber, untilResult } from '../inspector/frame';
import type { Model } from '../inspector/models';
import { exampleOf, reference } from '../inspector/reference';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel, tinyRun, type TinyRun } from './support/tiny-models';

describe('choosing and keeping a comparison', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  let other: TinyRun;
  let vector: TinyRun;
  let broad: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
      other = await tinyRun(editor.folder, 'digits', { name: 'other', steps: [] });
      await other.reach(40, 2.75);
      await other.reach(120, 2.125);
      cpSync(other.file(120), other.paths.best);
      editor.runs = [other.folder];
      vector = await tinyRun(editor.folder, 'vector');
      broad = await tinyModel(editor.folder, 'broad');
    },
    { untrained: true },
  );

  async function open(): Promise<EnginePage> {
    const live = await editor.openPage(digits.file(), { width: 1280, height: 800 });
    const { page } = live;
    await page.locator('.worked').waitFor();
    await giveValues(page.mainFrame(), 'known.npy', exampleOf(digits));
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    return live;
  }

  it('offers steps of this run, other runs with their validation bits/dim, and recent files', async () => {
    const elsewhere = path.join(editor.folder, 'elsewhere.flow.safetensors');
    cpSync(digits.file(80), elsewhere);
    editor.recent.push(elsewhere);
    const { page } = await open();
    const choice = page.locator('.compare-choice vscode-dropdown');
    await choice.locator('vscode-option', { hasText: 'elsewhere' }).waitFor({ state: 'attached' });
    const texts = await choice.locator('vscode-option').allTextContents();
    assert.ok(!texts.some((text) => text.includes('Step 240')), 'A itself is no choice');
    assert.ok(texts.includes('other: Step 120, best, 2.125 bits/dim'), texts.join('\n'));
    assert.ok(texts.includes('other: Step 40, 2.750 bits/dim'), texts.join('\n'));
    await choice.click();
    await choice.locator('vscode-option', { hasText: 'other: Step 40' }).click();
    await page.locator('.compare-head h1', { hasText: 'other, step 40' }).waitFor();
    await page.locator('[data-totals]').waitFor();
  });

  it('draws differences on a range of their own, which their legend says', async () => {
    const { page } = await open();
    const legend = async (): Promise<string> =>
      (await page.locator('[data-map=y] .legend').last().innerText()).replaceAll(/\s+/g, ' ');
    const canvas = page.locator('canvas[data-name="y B − A"]');
    await canvas.waitFor();
    const pixels = () => canvas.evaluate((board) => (board as HTMLCanvasElement).toDataURL());
    const common = await pixels();
    await page.getByRole('radio', { name: 'own range' }).click();
    await page.locator('[data-map=y] figcaption', { hasText: 'B − A, own range' }).waitFor();
    assert.notEqual(await pixels(), common);
    // The largest difference, computed eagerly, lies within the top step of its own range.
    const name = await page.locator('[data-compared][aria-selected=true]').getAttribute('data-compared');
    const y = async (step: number): Promise<Float32Array> =>
      (await reference(digits.file(step))).pass(exampleOf(digits)).layers.find((l) => l.name === name)!.y;
    const [a, b] = [await y(240), await y(160)];
    const largest = Math.max(...a.map((value, i) => Math.abs(b[i]! - value)));
    const end = Math.max(...(await legend()).split(' ').map(parseNumber).filter(Number.isFinite));
    assert.ok(end >= largest * 0.999 && end < largest * 2, `${end}: largest difference ${largest}`);
  });

  it('is there again after the window was reloaded, with its range', async () => {
    const { page } = await open();
    await page.getByRole('radio', { name: 'own range' }).click();
    await page.locator('figcaption', { hasText: 'own range' }).first().waitFor();
    await page.reload();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    await page.locator('figcaption', { hasText: 'own range' }).first().waitFor();
  });

  it('is a place to go back to', async () => {
    const { page } = await open();
    await page.locator('[data-totals]').waitFor();
    await page.clock.install();
    await page.clock.fastForward(600);
    await page.getByRole('button', { name: 'End comparison' }).click();
    await page.locator('.worked').waitFor();
    await page.clock.fastForward(600);
    await page.getByRole('button', { name: /^Back/ }).click();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    await page.getByRole('button', { name: /^Forward/ }).click();
    await page.locator('.worked').waitFor();
  });

  it('has the samples of both from one seed, and pages through examples in both', async () => {
    const live = await open();
    const { page } = live;
    await page.locator('[data-samples=B] canvas').nth(24).waitFor();
    const samples = live.said('ask').filter(([method]) => method === 'samples');
    assert.deepEqual(samples.at(-1)![1], samples.at(-2)![1]);
    const first = (name: string): Promise<string> =>
      page
        .locator(`[data-samples=${name}] canvas`)
        .first()
        .evaluate((board) => (board as HTMLCanvasElement).toDataURL());
    assert.notEqual(await first('A'), await first('B'));
    await page.locator('[data-compared]').nth(2).click();
    await page.locator('.compare-part h2', { hasText: 'Coupling 2' }).waitFor();
  });

  it('takes a file of another run: the curves of both stand in one chart', async () => {
    const live = await open();
    const { page } = live;
    await page.getByRole('button', { name: 'Another file' }).click();
    await editor.chooseFile(other.file(120));
    await page.locator('.compare-head h1', { hasText: 'other, step 120' }).waitFor();
    await page.locator('[data-line=A]').waitFor();
    // The other run has measured as long as this one.
    await page.locator('[data-line=B]').waitFor();
    assert.equal(live.said('chooseModel').length, 1);
    const [, , of] = live.said('ask').findLast(([method]) => method === 'curves')!;
    assert.equal(of, other.file(120));
  });

  it('lists samples of tables, and says no more of unlike tables than that they are', async () => {
    const { page } = await editor.openPage(vector.file(), { width: 1280, height: 800 });
    await page.locator('.worked').waitFor();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    const samples = (name: string) => page.locator(`[data-samples=${name}] tbody tr`);
    await samples('A').nth(15).waitFor();
    await samples('B').nth(15).waitFor();
    assert.notEqual(await samples('A').first().innerText(), await samples('B').first().innerText());
    assert.equal(await samples('A').locator('button').count(), 0);
    await page.getByRole('button', { name: 'Another file' }).click();
    await editor.chooseFile(broad.file());
    await page.locator('[data-verdict=features]', { hasText: 'densities of different things.' }).waitFor();
    await page.locator('[data-samples=B] th', { hasText: 'sensor_63' }).waitFor();
    await page.getByText('B takes other inputs, so its layers have other shapes.').waitFor();
    assert.equal(await page.getByText('still compare').count(), 0);
  });

  it('goes along in a saved page, which opens with it', async () => {
    const page = await editor.openSaved(digits.file(), {
      comparedWith: digits.file(160),
      width: 1280,
      height: 800,
    });
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    const cells = (await page.locator('[data-totals] .num').allInnerTexts()).map(parseNumber);
    assert.ok(Math.abs(cells[2]! - (cells[1]! - cells[0]!)) < 0.0016, cells.join(' '));
    // Every layer and sample is there; nothing says that it was not saved.
    const layers = page.locator('[data-compared]');
    assert.equal(await layers.count(), 13);
    for (let layer = 0; layer < 13; layer++) {
      await layers.nth(layer).click();
      await page.locator('canvas[data-name="x B − A"]').waitFor();
    }
    await page.locator('[data-samples=B] canvas').nth(24).waitFor();
    assert.equal(await page.getByText('Not in this saved page').count(), 0);
    await page.getByRole('button', { name: 'End comparison' }).click();
    await page.locator('.worked').waitFor();
    await untilResult(page.mainFrame(), -cells[0]! / (64 * Math.LN2));
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.locator('[data-totals]').waitFor();
  });

  it('has no button in a page that was saved without one', async () => {
    const page: Page = await editor.openSaved(digits.file());
    await page.locator('.worked').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Compare', exact: true }).count(), 0);
    await until('its number', async () => /\d/.test(await page.locator('[data-result]').innerText()));
  });
});
