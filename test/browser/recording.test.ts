/** A recording of a flow that nobody imports: every view that has its data is there, and it says what it is. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { parseNumber } from '../inspector/frame';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';

const file = (name: string): string =>
  path.resolve('test', 'fixtures', 'recordings', `${name}.flowrec.safetensors`);

describe('a recording', () => {
  let editor: EngineWindow;
  inWindow(async (started) => void (editor = started), { untrained: true });
  const ready = async (name: string, language = 'en'): Promise<Page> => {
    const { page } = await editor.openPage(file(name), { language, width: 1280, height: 900 });
    await page.locator('.flow[aria-busy=false]').waitFor();
    return page;
  };
  const layer = (page: Page, index: number) => page.locator(`.flow [data-layer="${index}"]`).first();

  it('says what it is, when it was made and what cannot be asked', async () => {
    const page = await ready('nflows');
    const note = await page.getByRole('region', { name: 'What was recorded' }).innerText();
    assert.match(
      note,
      /^Recording of SimpleRealNVP, 4 features \(nflows\), 2026-11-27 12:00, by flowscope 0\.1\.0/,
    );
    assert.match(note, /24 examples, 12 samples\. The flow is not run again/);
    const result = parseNumber(await page.locator('[data-result]').innerText());
    assert.ok(Number.isFinite(result));
  });

  it('has the tabs that it has data for, and no others', async () => {
    const page = await ready('mixed');
    const tabs = (list: string) => page.getByRole('tablist', { name: list }).getByRole('tab').allInnerTexts();
    assert.deepEqual(await tabs('Layer'), [
      'Activations',
      'Order',
      'Mask',
      'Log-det',
      'Conditioner',
      'Jacobian',
    ]);
    assert.deepEqual(await page.locator('.gallery').getByRole('tab').allInnerTexts(), [
      'Samples',
      'Examples',
    ]);
    const own = await ready('own');
    assert.deepEqual(await own.locator('.gallery').getByRole('tab').allInnerTexts(), ['Examples']);
  });

  it('pages through the recorded examples', async () => {
    const page = await ready('mixed');
    const result = (): Promise<number> => page.locator('[data-result]').innerText().then(parseNumber);
    const first = await result();
    await page.getByRole('button', { name: 'Next example (→)' }).click();
    await until('the result of the second example', async () => (await result()) !== first, 10_000);
    // No others can be typed or opened.
    assert.equal(await page.locator('[data-name=given-file]').count(), 0);
  });

  it('shows the mask, the order and the Jacobian that were measured', async () => {
    const page = await ready('mixed');
    await layer(page, 0).click();
    await page.getByRole('tab', { name: 'Mask' }).click();
    await page.getByText('2 of 4 are read, 2 move').first().waitFor();
    await layer(page, 2).click();
    await page.getByRole('tab', { name: 'Order' }).click();
    await page.locator('.layer .matrix-board, .layer canvas').first().waitFor();
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.getByText('ln|det| by LU').waitFor();
  });

  it('shows parameters and the activations that were asked for', async () => {
    const page = await ready('mixed');
    await layer(page, 0).click();
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByRole('group', { name: 'Feature maps' }).waitFor();
    // Their statistics are there, their values are not.
    assert.equal(await page.locator('.layer table .linklike').count(), 0);
    assert.ok((await page.locator('.layer table tbody tr').count()) > 4);
  });

  for (const name of ['mixed', 'own', 'pixels'])
    for (const language of ['en', 'de'])
      it(`has something to say in every tab (${name}, ${language})`, async () => {
        const page = await ready(name, language);
        for (const tablist of await page.getByRole('tablist').all()) {
          for (const tab of await tablist.getByRole('tab').all()) {
            await tab.click();
            await page.locator('.pulse').first().waitFor({ state: 'detached' });
            const said = await page.locator('body').innerText();
            const wrong = /.*(\bNaN\b(?!,? (or|oder|Inf)\b)|\bundefined\b|no answer to this question).*/.exec(
              said,
            );
            assert.equal(wrong, null, `${await tab.innerText()}: ${wrong?.[0]}`);
          }
        }
      });
});
