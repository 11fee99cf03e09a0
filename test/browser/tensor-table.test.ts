/** Files whose flow is not known: the table of their tensors, and what an ONNX file says of itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { unknownTensors } from './support/tiny-models';

describe('table of tensors', () => {
  let editor: EngineWindow;
  inWindow((started) => void (editor = started), { untrained: true });

  const cells = (page: Page, name: string): Promise<string[]> =>
    page
      .locator('tr', { has: page.getByText(name, { exact: true }) })
      .locator('td')
      .allInnerTexts();
  /** The mean of −i … i + 1 is a half. */
  const done = (page: Page, name: string) =>
    page
      .locator('tr', { has: page.getByText(name, { exact: true }) })
      .locator('td')
      .nth(5)
      .filter({ hasText: '0.50' })
      .waitFor();

  it('shows shapes and types at once, statistics as they come', async () => {
    const file = await unknownTensors(editor.folder, 250);
    const live = await editor.openPage(file, { delays: { tensors: 60_000 }, width: 1280, height: 800 });
    const { page } = live;
    await page.getByText('block.0.weight').waitFor();
    assert.deepEqual(await cells(page, 'block.249.weight'), [
      ...['block.249.weight', '250×2', 'F32', '500'],
      ...['', '', '', '', ''],
    ]);
    live.delays = {};
    await done(page, 'block.0.weight');
    assert.deepEqual(await cells(page, 'block.0.weight'), [
      ...['block.0.weight', '1×2', 'F32', '2'],
      ...['0.00', '0.50', '1.00', '0.50', ''],
    ]);
    await done(page, 'block.249.weight');
    // A hundred at a time.
    assert.equal(live.asked('tensors').length, 3);
  });

  it('marks NaN and infinity', async () => {
    const file = await unknownTensors(editor.folder, 6, (values, i) => {
      if (i === 3) values.set([NaN, Infinity, NaN]);
      if (i === 5) values.fill(NaN);
    });
    const { page } = await editor.openPage(file, { width: 1280, height: 800 });
    await done(page, 'block.4.weight');
    // Of −3 … 4 without the first three: 0, 1, 2, 3, 4.
    assert.deepEqual((await cells(page, 'block.3.weight')).slice(4), [
      ...['0.00', '2.00', '4.00', '1.41', '2 NaN, 1 ∞'],
    ]);
    assert.deepEqual((await cells(page, 'block.5.weight')).slice(4), ['', '', '', '', '12 NaN']);
  });

  it('says why the values of a tensor are not read', async () => {
    const { page } = await editor.openPage(await unknownTensors(editor.folder, 6), {
      width: 1280,
      height: 800,
      edits: {
        tensors: (answer) =>
          answer.map((one) =>
            one.name === 'block.4.weight'
              ? { name: one.name, problem: 'complex numbers are not read.' }
              : one,
          ),
      },
    });
    await done(page, 'block.3.weight');
    assert.deepEqual((await cells(page, 'block.4.weight')).slice(4), ['', '', '', '', 'not read']);
    assert.equal(await page.getByText('not read').getAttribute('title'), 'complex numbers are not read.');
  });

  it('shows what an ONNX file that is no flow says of itself, as text', async () => {
    const { page } = await editor.openPage(await unknownTensors(editor.folder, 6), {
      width: 1280,
      height: 800,
      edits: {
        summary: (answer) => ({
          ...answer,
          format: 'onnx',
          reason: 'It can be read but not run.',
          onnx: {
            opset: 17,
            producer: 'pytorch 2.4',
            inputs: [{ name: 'input', dtype: 'float32', shape: ['batch', 3, 224, 224] }],
            outputs: [{ name: 'output', dtype: 'float32', shape: ['batch', 1000] }],
            operators: [{ op: 'Conv', count: 53 }],
            metadata: { task: '<script>alert(1)</script>' },
          },
        }),
      },
    });
    await page.getByText('can be read but not run').waitFor();
    await page.getByText('batch×3×224×224').waitFor();
    await page.getByText('<script>alert(1)</script>').waitFor();
  });

  it('asks for rows that a filter brings, once', async () => {
    const live = await editor.openPage(await unknownTensors(editor.folder, 700));
    const { page } = live;
    await done(page, 'block.499.weight');
    assert.equal(await page.getByText('block.600.weight').count(), 0);
    await page.getByText('200 more').waitFor();
    const before = live.asked('tensors').length;
    await page.getByRole('textbox').fill('block.60');
    await done(page, 'block.600.weight');
    const after = live.asked('tensors');
    assert.equal(after.length, before + 1);
    // Those of block 60 are known by now.
    const { names } = after.at(-1)!;
    assert.deepEqual(
      names.filter((name) => name !== 'block.60.weight'),
      Array.from({ length: 10 }, (_, i) => `block.60${i}.weight`),
    );
    await page.getByRole('textbox').fill('');
    await done(page, 'block.0.weight');
    assert.equal(live.asked('tensors').length, before + 1);
  });

  it('stays readable in a narrow pane: names keep their width, numbers scroll', async () => {
    const { page } = await editor.openPage(await unknownTensors(editor.folder, 6), {
      width: 400,
      height: 900,
    });
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
  });

  it('keeps the table when statistics fail, and asks anew when the file changes', async () => {
    const live = await editor.openPage(await unknownTensors(editor.folder, 3), {
      errors: { tensors: 'gone' },
    });
    const { page } = live;
    await page.getByText('block.2.weight').waitFor();
    await until('a question', () => live.answers.some((answer) => answer.startsWith('tensors ')));
    assert.deepEqual((await cells(page, 'block.2.weight')).slice(4), ['', '', '', '', '']);
    live.errors = {};
    await live.changed('model');
    await done(page, 'block.2.weight');
  });
});
