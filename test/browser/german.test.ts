/** The pages in another language: texts, names of layers and numbers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, parseNumber } from '../inspector/frame';
import type { Model } from '../inspector/models';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('the inspector in German', () => {
  let editor: EngineWindow;
  let digits: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyModel(editor.folder, 'digits');
    },
    { untrained: true },
  );
  const ready = async (language: string, width?: number) => {
    const { page } = await editor.openPage(digits.file(), {
      language,
      ...(width ? { width, height: 800 } : {}),
    });
    await page.locator('.worked').waitFor();
    await page.locator('.flow[aria-busy=false]').waitFor();
    return page;
  };

  it('writes its texts and numbers as the language does', async () => {
    const english = await ready('en');
    const value = parseNumber(await english.locator('[data-result]').innerText());
    const page = await ready('de-AT');
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    assert.equal(await page.locator('.head h2').innerText(), 'Kopplung 1');
    assert.equal(await page.locator('.strip h1').innerText(), 'RealNVP, 8×8×1, 17 Stufen');
    assert.match(
      await page.locator('.strip .subtitle').innerText(),
      /^\d Skalen, \d+ Kopplungen, [\d\u202f]+ Parameter$/,
    );
    assert.match(
      await page.locator('.head').innerText(),
      /8×8×1, Pixel mit ungerader Summe aus Zeile und Spalte bewegen sich, dann Batch-Norm/,
    );
    await page.getByRole('tab', { name: 'Aktivierungen', selected: true }).waitFor();
    const result = await page.locator('[data-result]').innerText();
    assert.match(result, /^−?\d+,\d\d$/);
    assert.equal(Number(result.replace(',', '.').replace('−', '-')), value);
  });

  it('names what the plane player does in words of its own, not in those of a run', async () => {
    const plane = await tinyModel(editor.folder, 'plane');
    const { page } = await editor.openPage(plane.file(), { language: 'de' });
    await page.getByRole('button', { name: 'Durch die Schichten abspielen' }).click();
    await page.getByRole('button', { name: 'Anhalten' }).waitFor();
  });

  it('falls back to English for a language that it does not have', async () => {
    const page = await ready('pt-br');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await page.locator('.head h2').innerText(), 'Coupling 1');
  });

  for (const language of ['en', 'de'])
    it(`has the bar in one row and shows a layer's figures without scrolling in a wide font (${language})`, async () => {
      const page = await ready(language, 1280);
      await page.evaluate(() => document.body.style.setProperty('--vscode-font-family', 'DejaVu Sans'));
      // What the wider font leaves no room for goes a frame later.
      await eventually(async () => {
        const middles = await page.evaluate(() =>
          [...document.querySelectorAll('.bar-row > :not(.spring)')]
            .map((part) => part.getBoundingClientRect())
            .map((box) => box.top + box.height / 2),
        );
        assert.ok(Math.max(...middles) - Math.min(...middles) < 8, middles.join(' '));
      });
      const panel = (await page.locator('#layer-panel').boundingBox())!;
      const facts = (await page.locator('#layer-panel .facts').boundingBox())!;
      assert.ok(facts.y + facts.height <= panel.y + panel.height + 0.5, `${facts.y} ${facts.height}`);
    });
});
