/** Where things stand in panels that are low or narrow for them, and what features are called there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { showTab } from '../inspector/models';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

async function boxOf(part: Locator): Promise<Box> {
  const box = await part.boundingBox();
  assert.ok(box, 'it is not shown');
  return box;
}

const apart = (a: Box, b: Box): boolean =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

describe('where things stand', () => {
  let editor: EngineWindow;
  inWindow((started) => void (editor = started), { untrained: true });

  it('the plane stands above its player in a low panel', async () => {
    const { file } = await tinyModel(editor.folder, 'conditional');
    const { page } = await editor.openPage(file(), { width: 1080, height: 701 });
    await page.locator('.plane-board').waitFor();
    const [plane, player] = [await boxOf(page.locator('.plane-board')), await boxOf(page.locator('.walk'))];
    assert.ok(apart(plane, player), JSON.stringify({ plane, player }));
    assert.ok(plane.height > 100);
  });

  it('the parts of the score stay within their chart', async () => {
    const { file } = await tinyModel(editor.folder, 'vector');
    const { page } = await editor.openPage(file(), { width: 1080, height: 780 });
    for (const [width, height] of [
      [1080, 780],
      [1440, 900],
    ] as const) {
      await page.setViewportSize({ width, height });
      const cells = page.locator('.waterfall [role=cell]');
      await cells.first().waitFor();
      const chart = await boxOf(page.locator('.chart', { has: page.locator('.waterfall') }));
      for (const cell of await cells.all()) {
        const { x, width: wide } = await boxOf(cell);
        assert.ok(x + wide <= chart.x + chart.width + 0.5, `${width}: ${x + wide}, ${JSON.stringify(chart)}`);
      }
    }
  });

  it('sums of the strip are whole beside a scroll bar', async () => {
    const { file } = await tinyModel(editor.folder, 'digits');
    // An editor beside the side bar of a window of 1280×800.
    const { page } = await editor.openPage(file(), { width: 930, height: 700 });
    // Test browsers hide scroll bars; this takes their room.
    const row = page.locator('.flow [data-layer]').first();
    await row.locator('.num').first().waitFor();
    const [scrolled, seen] = await page.locator('.flow').evaluate((flow: HTMLElement) => {
      flow.style.marginRight = '15px';
      return [flow.scrollWidth, flow.clientWidth];
    });
    assert.equal(scrolled, seen);
  });

  it('a table of samples scrolls within its panel', async () => {
    const { file } = await tinyModel(editor.folder, 'vector');
    const { page } = await editor.openPage(file(), { width: 1080, height: 780 });
    await showTab(page.mainFrame(), '.gallery', 'Samples');
    const table = page.locator('#gallery-panel .scroll-x');
    for (const [width, height] of [
      [1080, 780],
      // Controls at the left, the table in all of the room at their right.
      [900, 780],
    ] as const) {
      await page.setViewportSize({ width, height });
      const gallery = page.locator('.panel-switch:visible [role=radio]', { hasText: 'Gallery' });
      if (width === 900) await gallery.click();
      await table.locator('tbody tr').nth(15).waitFor();
      const [box, panel] = [await boxOf(table), await boxOf(page.locator('#gallery-panel'))];
      assert.ok(box.y + box.height <= panel.y + panel.height, JSON.stringify({ box, panel }));
      assert.ok(panel.x + panel.width - (box.x + box.width) < 40, JSON.stringify({ box, panel }));
    }
  });

  it('Cancel hides neither the title of the flow nor what its bars show', async () => {
    const { file } = await tinyModel(editor.folder, 'conditional');
    for (const width of [1080, 400]) {
      const { page } = await editor.openPage(file(), { width, height: 780, delays: { strip: 600_000 } });
      const cancel = page.locator('.strip .wait-note');
      await cancel.waitFor();
      const note = await boxOf(cancel);
      for (const part of ['h1', '.segmented']) {
        const box = await boxOf(page.locator(`.strip ${part}`));
        assert.ok(apart(note, box), `${width}, ${part}: ${JSON.stringify({ note, box })}`);
      }
      await cancel.getByRole('button', { name: 'Cancel' }).click();
      await page.locator('.sum.failed').waitFor();
    }
  });

  it('features that were mixed are h where they go into a layer, and x where they come out of the flow', async () => {
    const { file } = await tinyModel(editor.folder, 'conditional');
    const { page } = await editor.openPage(file(), { width: 1440, height: 900 });
    const rows = page.locator('#layer-panel .rows-table tbody tr');
    await page.getByRole('tab', { name: 'Activations' }).click();
    await page.locator('.flow [data-layer="0"]').click();
    await rows.first().getByText('x₁').waitFor();
    const last = page.locator('.flow [data-layer]').last();
    await last.click();
    await rows.first().getByText('h₁').waitFor();
    await page.getByRole('tab', { name: 'Conditions' }).click();
    await page.locator('.at-conditions', { hasText: /x₁ \S+ … \S+/ }).waitFor();
  });
});
