/** Tensors that are too large to be sent: the page asks for what it shows, zoomed or not, and can be told to stop. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { LayerView } from '../../src/protocol/inspect';
import { defaultSelection } from '../../src/protocol/questions';
import type { TensorWindowQuery } from '../../src/protocol/tensor-window';
import { signedScale } from '../../webview/base/canvas/colour-maps';
import { roundUp } from '../../webview/base/format/numbers';
import { cellColour, InspectorBrowser } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';

describe('large tensors', () => {
  const flow = new ToyFlow({ kind: 'image' });
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const windows = (page: Page): Promise<TensorWindowQuery[]> =>
    page.evaluate(() =>
      window.toyHost.calls
        .filter((call) => call.startsWith('ask ["tensorWindow"'))
        .map((call) => (JSON.parse(call.slice(4)) as [string, TensorWindowQuery])[1]),
    );

  it('are drawn from windows, which follow the zoom; statistics are of the whole', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', large: true });
    await page.locator('canvas[data-name="y[0]"]').waitFor();
    const first = await windows(page);
    assert.deepEqual(new Set(first.map(({ tensor }) => tensor)), new Set(['x', 's', 't', 'y']));
    for (const { from, size, block } of first) {
      assert.deepEqual(from, [0, 0, 0]);
      assert.deepEqual(size, [8, 8, 1]);
      assert.equal(block, 1);
    }
    const view = flow.answer('layer', { ...defaultSelection(flow.summary), layer: 1 }) as LayerView;
    const x = view.tensors.find(({ name }) => name === 'x')!;
    const y = view.tensors.find(({ name }) => name === 'y')!;
    const limit = roundUp(Math.max(...[x, y].flatMap(({ stats }) => [-stats.min, stats.max])));
    const scale = signedScale(limit, false);
    for (const [row, column] of [
      [0, 0],
      [3, 5],
      [7, 2],
    ] as const) {
      const cell = { row, column, rows: 8, columns: 8 };
      const colour = await cellColour(page, 'canvas[data-name="y[0]"]', cell);
      const wanted = scale.at(y.data![row * 8 + column]!);
      assert.ok(
        colour.every((value, i) => Math.abs(value - wanted[i]!) <= 1),
        `${colour.join()} is not ${wanted.join()}`,
      );
    }
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.waitForFunction(
      () => window.toyHost.calls.filter((call) => call.startsWith('ask ["tensorWindow"')).length >= 8,
    );
    const zoomed = (await windows(page)).slice(4);
    assert.equal(zoomed.length, 4);
    for (const { size } of zoomed) assert.deepEqual(size, [4, 4, 1]);
    const { from } = zoomed[0]!;
    await page.waitForFunction(() => !document.querySelector('.large-maps .stale, .large-maps .waiting'));
    const corner = await cellColour(page, 'canvas[data-name="y[0]"]', {
      row: 0,
      column: 0,
      rows: 4,
      columns: 4,
    });
    const wanted = scale.at(y.data![from[0]! * 8 + from[1]!]!);
    assert.ok(
      corner.every((value, i) => Math.abs(value - wanted[i]!) <= 1),
      `${corner.join()} is not ${wanted.join()}`,
    );
    await close();
  });

  it('can be cancelled while they are fetched', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      large: true,
      delays: { tensorWindow: 60_000 },
    });
    await page.locator('[data-large=y]').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('[data-large=y]').getByText('Cancelled').waitFor();
    const cancelled = await page.evaluate(() => window.toyHost.cancelled.length);
    assert.ok(cancelled >= 1);
    await page.evaluate(() => (window.toyHost.delays.tensorWindow = 0));
    await page.locator('[data-large=y]').getByRole('button').first().click();
    await page.locator('canvas[data-name="y[0]"]').waitFor();
    await close();
  });
});
