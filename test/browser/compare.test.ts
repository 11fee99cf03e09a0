/** What a comparison offers, keeps and takes along: choices, ranges, reload, back and forward, the saved page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { comparisonPlan } from '../../src/protocol/compare';
import type { LayerView, Strip } from '../../src/protocol/inspect';
import { recordKey } from '../../src/protocol/webview';
import { InspectorBrowser, parseNumber } from './support/inspector-page';
import { recordedToy } from './support/recorded';
import { ToyFlow } from './support/toy-flow';

const toy = (step: number) => new ToyFlow({ kind: 'image', step, gain: (0.6 * step) / 240 });

describe('choosing and keeping a comparison', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('offers steps of this run, other runs with their validation bits/dim, and recent files', async () => {
    const { page, close } = await open();
    const choice = page.locator('.compare-choice vscode-dropdown');
    await choice.locator('vscode-option', { hasText: 'elsewhere' }).waitFor({ state: 'attached' });
    const texts = await choice.locator('vscode-option').allTextContents();
    assert.ok(!texts.some((text) => text.includes('Step 240')), 'A itself is no choice');
    assert.ok(texts.includes('other: Step 120, best, 2.125 bits/dim'), texts.join('\n'));
    assert.ok(texts.includes('other: Step 40, 2.750 bits/dim'), texts.join('\n'));
    assert.ok(texts.includes('elsewhere/step-00000080.flow.safetensors'));
    await choice.click();
    await choice.locator('vscode-option', { hasText: 'other: Step 40' }).click();
    await page.locator('.compare-head h1', { hasText: 'other, step 40' }).waitFor();
    await page.locator('[data-totals]').waitFor();
    await close();
  });

  it('draws differences on a range of their own, which their legend says', async () => {
    const { page, close } = await open();
    const legend = (of: string) =>
      page
        .locator(`[data-map=${of}] .legend`)
        .last()
        .innerText()
        .then((text) => text.replaceAll(/\s+/g, ' '));
    await page.locator('canvas[data-name="y B − A"]').waitFor();
    const pixels = () =>
      page.locator('canvas[data-name="y B − A"]').evaluate((c) => (c as HTMLCanvasElement).toDataURL());
    const common = [await legend('y'), await pixels()];
    await page.getByRole('radio', { name: 'own range' }).click();
    await page.locator('[data-map=y] figcaption', { hasText: 'B − A, own range' }).waitFor();
    const own = [await legend('y'), await pixels()];
    assert.notEqual(own[1], common[1]);
    // The largest difference, computed here, lies within the top step of its own range.
    const y = (flow: ToyFlow) => {
      const [batch] = recordedToy({ kind: 'image' }).choices.batches;
      const example = { kind: 'data', split: 'validation', index: 0 };
      const view = flow.answer('layer', { example, batch, mode: 'eval', layer: 1 }) as LayerView;
      return view.tensors.find(({ name }) => name === 'y')!.data!;
    };
    const selected = await page.locator('[data-compared][aria-selected=true]').getAttribute('data-compared');
    assert.equal(selected, toy(240).summary.layers[1]!.name);
    const [a, b] = [y(toy(240)), y(toy(160))];
    const largest = Math.max(...a.map((value, i) => Math.abs(b[i]! - value)));
    const end = Math.max(...own[0]!.split(' ').map(parseNumber).filter(Number.isFinite));
    assert.ok(end >= largest * 0.999 && end < largest * 2, `${own[0]}: largest difference ${largest}`);
    await close();
  });

  it('is there again after the window was reloaded, with its range', async () => {
    const { page, close } = await open();
    await page.getByRole('radio', { name: 'own range' }).click();
    await page.locator('figcaption', { hasText: 'own range' }).first().waitFor();
    await page.reload();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    await page.locator('figcaption', { hasText: 'own range' }).first().waitFor();
    await close();
  });

  it('is a place to go back to', async () => {
    const { page, close } = await open();
    await page.locator('[data-totals]').waitFor();
    await page.waitForTimeout(600);
    await page.getByRole('button', { name: 'End comparison' }).click();
    await page.locator('.worked').waitFor();
    await page.waitForTimeout(600);
    await page.getByRole('button', { name: /^Back/ }).click();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    await page.getByRole('button', { name: /^Forward/ }).click();
    await page.locator('.worked').waitFor();
    await close();
  });

  it('goes along in a saved page, which opens with it', async () => {
    const recorded = recordedToy({ kind: 'image' });
    const [a, b] = [toy(240), toy(160)];
    const plan = comparisonPlan(a.summary, b.summary, recorded.choices, (example) => {
      const key = recordKey('strip', { example, batch: recorded.choices.batches[0], mode: 'eval' });
      return (recorded.answers[key] as Strip).input?.data;
    });
    const answers = Object.fromEntries(
      plan.map(({ method, query }) => [recordKey(method, query), b.answer(method, query)]),
    );
    const { page, close } = await browser.openRecorded({
      ...recorded,
      compared: { path: b.summary.path, answers, reasons: {} },
    });
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    const input = (flow: ToyFlow) => flow.example({ kind: 'data', split: 'validation', index: 0 });
    const cells = await page.locator('[data-totals] .num').allInnerTexts();
    const wanted = b.nll(input(b)).bitsPerDim! - a.nll(input(a)).bitsPerDim!;
    assert.ok(Math.abs(parseNumber(cells[2]!) - wanted) < 0.0011, `${cells.join(' ')} is not ${wanted}`);
    // Every layer and sample is there; nothing says that it was not saved.
    for (let layer = 0; layer < a.summary.layers.length; layer++) {
      await page.locator('[data-compared]').nth(layer).click();
      await page.locator('canvas[data-name="x B − A"]').waitFor();
    }
    await page.locator('[data-samples=B] canvas').nth(24).waitFor();
    assert.equal(await page.getByText('Not in this saved page').count(), 0);
    await page.getByRole('button', { name: 'End comparison' }).click();
    await page.locator('.worked').waitFor();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.locator('[data-totals]').waitFor();
    await close();
  });

  it('has no button in a page that was saved without one', async () => {
    const { page, close } = await browser.openRecorded(recordedToy({ kind: 'image' }));
    await page.locator('.worked').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Compare', exact: true }).count(), 0);
    await close();
  });

  async function open(): Promise<{ page: Page; close(): Promise<void> }> {
    const opened = await browser.openLive({ kind: 'image' });
    await opened.page.locator('.worked').waitFor();
    await opened.page.getByRole('button', { name: 'Compare', exact: true }).click();
    await opened.page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    return opened;
  }
});
