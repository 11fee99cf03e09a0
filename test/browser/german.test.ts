/** The pages in another language: texts, names of layers and numbers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InspectorBrowser, parseNumber } from './support/inspector-page';

describe('the inspector in German', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('writes its texts and numbers as the language does', async () => {
    const english = await browser.openLive({ kind: 'image' });
    await english.page.locator('.worked').waitFor();
    const value = parseNumber(await english.page.locator('[data-result]').innerText());
    await english.close();

    const { page, close } = await browser.openLive({ kind: 'image' }, { language: 'de-AT' });
    await page.locator('.worked').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    assert.equal(await page.locator('.head h2').innerText(), 'Kopplung 1');
    assert.match(await page.locator('.head').innerText(), /8×8×1, 32 von 64 Werten bewegen sich/);
    await page.getByRole('tab', { name: 'Aktivierungen', selected: true }).waitFor();
    const result = await page.locator('[data-result]').innerText();
    assert.match(result, /^−?\d+,\d\d$/);
    assert.equal(Number(result.replace(',', '.').replace('−', '-')), value);
    await close();
  });

  it('names what the plane player does in words of its own, not in those of a run', async () => {
    const { page, close } = await browser.openLive({ kind: 'plane' }, { language: 'de' });
    await page.getByRole('button', { name: 'Durch die Schichten abspielen' }).click();
    await page.getByRole('button', { name: 'Anhalten' }).waitFor();
    await close();
  });

  it('falls back to English for a language that it does not have', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' }, { language: 'pt-br' });
    await page.locator('.worked').waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await page.locator('.head h2').innerText(), 'Coupling 1');
    await close();
  });
});
