/** The table of a file whose flow is not known. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { InspectorBrowser } from './support/inspector-page';

describe('table of tensors', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const asked = (page: Page): Promise<string[]> =>
    page.evaluate(() => window.toyHost.calls.filter((call) => call.startsWith('ask ["tensors"')));
  const cells = (page: Page, name: string): Promise<string[]> =>
    page
      .locator('tr', { has: page.getByText(name, { exact: true }) })
      .locator('td')
      .allInnerTexts();
  const done = (page: Page, name: string) =>
    page
      .locator('tr', { has: page.getByText(name, { exact: true }) })
      .locator('td')
      .nth(5)
      .filter({ hasText: '0.50' })
      .waitFor();

  it('shows shapes and types at once, statistics as they come', async () => {
    const { page, close } = await browser.openLive({
      kind: 'vector',
      tensors: 250,
      delays: { tensors: 300 },
    });
    await page.getByText('block.0.weight').waitFor();
    assert.deepEqual(await cells(page, 'block.249.weight'), [
      'block.249.weight',
      '250×2',
      'F32',
      '500',
      '',
      '',
      '',
      '',
      '',
    ]);
    await done(page, 'block.0.weight');
    assert.deepEqual(await cells(page, 'block.0.weight'), [
      'block.0.weight',
      '1×2',
      'F32',
      '2',
      '0.00',
      '0.50',
      '1.00',
      '1.00',
      '',
    ]);
    await done(page, 'block.249.weight');
    // A hundred at a time.
    assert.equal((await asked(page)).length, 3);
    await close();
  });

  it('marks NaN, infinity, and what is not read', async () => {
    const { page, close } = await browser.openLive({ kind: 'vector', tensors: 6 });
    await done(page, 'block.3.weight');
    assert.deepEqual((await cells(page, 'block.3.weight')).slice(4), [
      '−3.00',
      '0.50',
      '4.00',
      '1.00',
      '2 NaN, 1 ∞',
    ]);
    assert.deepEqual((await cells(page, 'block.4.weight')).slice(4), ['', '', '', '', 'not read']);
    assert.equal(
      await page.getByText('not read').getAttribute('title'),
      'toy: complex numbers are not read.',
    );
    assert.deepEqual((await cells(page, 'block.5.weight')).slice(4), ['', '', '', '', '12 NaN']);
    await close();
  });

  it('asks for rows that a filter brings, once', async () => {
    const { page, close } = await browser.openLive({ kind: 'vector', tensors: 700 });
    await done(page, 'block.499.weight');
    assert.equal(await page.getByText('block.600.weight').count(), 0);
    const before = (await asked(page)).length;
    await page.getByRole('textbox').fill('block.60');
    await done(page, 'block.600.weight');
    const after = await asked(page);
    assert.equal(after.length, before + 1);
    assert.match(after.at(-1)!, /\["block\.600\.weight",.*"block\.609\.weight"\]/);
    await page.getByRole('textbox').fill('');
    await done(page, 'block.0.weight');
    assert.equal((await asked(page)).length, before + 1);
    await close();
  });

  it('stays readable in a narrow pane: names keep their width, numbers scroll', async () => {
    const { page, close } = await browser.openLive(
      { kind: 'vector', tensors: 6 },
      { width: 400, height: 900 },
    );
    await done(page, 'block.0.weight');
    const [name, bar] = await Promise.all([
      page.locator('tbody td').first().boundingBox(),
      page.locator('.bar').boundingBox(),
    ]);
    assert.ok(name!.width >= 160 && name!.height < 40, JSON.stringify(name));
    assert.ok(bar!.height < 60, `the bar takes ${bar!.height} pixels`);
    const widths = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.querySelector('.tensor-table')!.scrollWidth,
      document.querySelector('.tensor-table')!.clientWidth,
    ]);
    assert.ok(widths[0]! <= 400 && widths[1]! > widths[2]!, widths.join(', '));
    await close();
  });

  it('keeps the table when statistics fail, and asks anew when the file changes', async () => {
    const { page, close } = await browser.openLive({
      kind: 'vector',
      tensors: 3,
      errors: { tensors: 'gone' },
    });
    await page.getByText('block.2.weight').waitFor();
    await page.waitForFunction(() => window.toyHost.calls.some((call) => call.startsWith('ask ["tensors"')));
    assert.deepEqual((await cells(page, 'block.2.weight')).slice(4), ['', '', '', '', '']);
    await page.evaluate(() => {
      delete window.toyHost.errors.tensors;
      window.toyHost.changed('model');
    });
    await done(page, 'block.2.weight');
    await close();
  });
});
