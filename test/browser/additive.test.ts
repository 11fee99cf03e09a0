/** A flow whose couplings only shift (NICE): the page shows t alone, and no share of the log-det where there is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { parseNumber } from '../inspector/frame';
import type { Model } from '../inspector/models';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('a flow of additive couplings', () => {
  let editor: EngineWindow;
  let model: Model;
  let affine: Model;
  let autoregressive: Model;
  inWindow(
    async (started) => {
      editor = started;
      model = await tinyModel(editor.folder, 'additive');
      affine = await tinyModel(editor.folder, 'plane');
      autoregressive = await tinyModel(editor.folder, 'autoregressive');
    },
    { untrained: true },
  );
  const ready = async (file: string, language = 'en'): Promise<Page> => {
    const { page } = await editor.openPage(file, { language, width: 1280, height: 900 });
    await page.locator('.flow[aria-busy=false]').waitFor();
    await page.locator('.flow [data-layer="1"]').first().click();
    return page;
  };
  const parts = (page: Page): Promise<(string | null)[]> =>
    page
      .locator('.waterfall [data-part]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-part')));

  it('shows x, t and y of a layer, and adds up what it says', async () => {
    const page = await ready(model.file());
    await page.getByRole('tab', { name: 'Activations' }).click();
    await page.locator('.worked').waitFor();
    const heads = await page.locator('.layer .rows-table thead th b').allInnerTexts();
    assert.deepEqual(heads, ['x', 't', 'y']);
    const line = page.locator('.worked');
    assert.equal(await line.getAttribute('title'), 'y = x + t');
    const value = async (name: string): Promise<number> =>
      parseNumber(await line.locator(`[data-value=${name}]`).innerText());
    assert.ok(Math.abs((await value('x')) + (await value('t')) - (await value('y'))) < 0.016);
    assert.equal(await page.getByText('coupling Σ s').count(), 0);
  });

  it('says why a layer has no map of its log-det', async () => {
    const page = await ready(model.file());
    await page.getByRole('tab', { name: 'Log-det' }).click();
    await page.getByText('This coupling only shifts values').waitFor();
    assert.equal(await page.locator('[data-map]').count(), 0);
  });

  it('has no part of log p for couplings, where an affine flow has one', async () => {
    const page = await ready(model.file());
    await page.locator('.waterfall [data-part=total]').waitFor();
    assert.deepEqual(await parts(page), ['preprocessing', 'log p(z)', 'total']);
    assert.equal(await page.locator('.strip .keys').getByText('couplings').count(), 0);
    const other = await ready(affine.file());
    await other.locator('.waterfall [data-part=total]').waitFor();
    assert.ok((await parts(other)).includes('couplings'));
    assert.match(await other.locator('.strip .keys').innerText(), /^couplings, Σ s/);
  });

  it('calls what is no coupling a layer in the key of its log-dets', async () => {
    const page = await ready(autoregressive.file());
    const key = page.locator('.strip .keys');
    await key.getByText('Σ s').waitFor();
    assert.match(await key.innerText(), /^layers, Σ s/);
  });

  for (const language of ['en', 'de'])
    it(`never says NaN or an empty share, whatever is looked at (${language})`, async () => {
      const page = await ready(model.file(), language);
      for (const tablist of await page.getByRole('tablist').all()) {
        for (const tab of await tablist.getByRole('tab').all()) {
          await tab.click();
          await page.locator('.pulse').first().waitFor({ state: 'detached' });
          const said = await page.locator('body').innerText();
          // What findings check for is no number.
          const wrong = /.*(\bNaN\b(?!,? (or|oder|Inf)\b)|\bundefined\b|\b0 ?%).*/.exec(said);
          assert.equal(wrong, null, `${await tab.innerText()}: ${wrong?.[0]}`);
        }
      }
    });
});
