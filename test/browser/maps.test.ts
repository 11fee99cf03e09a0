/** The maps of a layer: one zoom for all, trimmed colours, a place read out. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LayerView } from '../../src/protocol/inspect';
import { defaultSelection } from '../../src/protocol/questions';
import { signedScale } from '../../webview/base/canvas/colour-maps';
import { compact, roundUp } from '../../webview/base/format/numbers';
import { cellColour, InspectorBrowser } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';

describe('maps of a layer', () => {
  const flow = new ToyFlow({ kind: 'image' });
  const selection = defaultSelection(flow.summary);
  const view = flow.answer('layer', { ...selection, layer: 1 }) as LayerView;
  const data = (name: string): Float32Array => view.tensors.find((tensor) => tensor.name === name)!.data!;
  const limit = roundUp(Math.max(...['x', 'y'].flatMap((name) => [...data(name)]).map(Math.abs)));
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('zoom together, by keys, buttons and wheel, and move by dragging', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    const maps = page.locator('.maps');
    await page.locator('[data-tensor=x] canvas').waitFor();
    const check = async (row: number, column: number, side: number): Promise<void> => {
      for (const name of ['x', 'y']) {
        for (const [r, c] of [
          [0, 0],
          [side - 1, 1],
        ] as const) {
          const expected = signedScale(limit, false).at(data(name)[(row + r) * 8 + column + c]!);
          const colour = await cellColour(page, `[data-tensor=${name}] canvas`, {
            row: r,
            column: c,
            rows: side,
            columns: side,
          });
          const off = Math.max(...colour.map((value, k) => Math.abs(value - expected[k]!)));
          assert.ok(off <= 1, `${name} (${row + r}, ${column + c}): ${colour.join()} for ${expected.join()}`);
        }
      }
    };
    await check(0, 0, 8);
    // The first element that moves is marked; zooming in keeps it where it is, at the upper edge.
    await maps.focus();
    await page.keyboard.press('+');
    await page.getByText('2×').waitFor();
    await check(0, 0, 4);
    await page.keyboard.press('Shift+ArrowRight');
    await check(0, 1, 4);
    for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowDown');
    await check(4, 1, 4);
    const box = (await page.locator('[data-tensor=y] canvas').boundingBox())!;
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 20, box.y + 20 + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await check(2, 1, 4);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, 100);
    await page.keyboard.up('Control');
    await page.getByText('1×', { exact: true }).waitFor();
    await check(0, 0, 8);
    await page.getByRole('button', { name: /Zoom in/ }).click();
    await page.getByText('2×').waitFor();
    await page
      .getByRole('button', { name: 'Show whole maps' })
      .or(page.getByTitle('Show whole maps'))
      .click();
    await check(0, 0, 8);
    await close();
  });

  it('read out x, s, t and y of the place under the pointer, in a line that is always there', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    const canvas = page.locator('[data-tensor=x] canvas');
    await canvas.waitFor();
    const line = page.locator('.readout');
    const before = (await line.boundingBox())!;
    for (const [row, column] of [
      [2, 4],
      [2, 5],
    ] as const) {
      await canvas.hover({ position: { x: 16 * column + 8, y: 16 * row + 8 } });
      const i = row * 8 + column;
      const passes = view.mask!.data[i]! > 0.5;
      const value = (name: string): string =>
        `${name} ${passes && (name === 's' || name === 't') ? '–' : compact(data(name)[i])}`;
      const expected = `(${row}, ${column}) channel 0: ${['x', 's', 't', 'y'].map(value).join(', ')}`;
      assert.equal(await line.innerText(), passes ? `${expected}, passes unchanged` : expected);
    }
    const after = (await line.boundingBox())!;
    assert.deepEqual([after.y, after.height], [before.y, before.height]);
    await close();
  });
});
