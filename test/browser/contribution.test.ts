/** Costs by element: sum, pixels and words against the toy flow. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { signedScale } from '../../webview/base/canvas/colour-maps';
import { roundUp } from '../../webview/base/format/numbers';
import { cellColour, InspectorBrowser, parseNumber } from './support/inspector-page';
import { recordedToy } from './support/recorded';
import { toyContribution } from './support/toy-examples';
import { ToyFlow } from './support/toy-flow';

const select = (index: number) =>
  ({
    example: { kind: 'data', split: 'validation', index },
    batch: { split: 'validation', count: 64 },
    mode: 'eval',
  }) as const;

describe('costs by element', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('are maps on one scale that add up to the result of the page', async () => {
    const flow = new ToyFlow({ kind: 'image' });
    const costs = toyContribution(flow, select(0));
    // The toy's places are right: all elements together cost what the toy's own sum says.
    const total = costs.total.data.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(total - flow.nll(flow.data('validation', 0)).nats) < 1e-3);
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('[data-result]').waitFor();
    const result = parseNumber(await page.locator('[data-result]').innerText());
    await page.getByRole('tab', { name: 'By pixel' }).click();
    const sum = await page.locator('[data-cost-sum]').innerText();
    assert.equal(sum, `Σ ${(total / Math.LN2).toFixed(1)} bits, mean ${result.toFixed(2)} bits/dim`);
    const bits = [costs.total, costs.prior, costs.couplings, costs.norm, costs.preprocessing].map(
      ({ data }) => data.map((value) => value / Math.LN2),
    );
    const scale = signedScale(roundUp(Math.max(...bits.flatMap((map) => [...map].map(Math.abs)))), false);
    const names = ['all parts', 'prior', 'couplings', 'batch norm', 'preprocessing, levels'];
    for (const [k, name] of names.entries()) {
      for (const [row, column] of [
        [0, 0],
        [3, 4],
        [7, 2],
      ] as const) {
        const drawn = await cellColour(page, `figure[data-cost="${name}"] canvas`, {
          row,
          column,
          rows: 8,
          columns: 8,
        });
        scale
          .at(bits[k]![row * 8 + column]!)
          .forEach((shade, c) =>
            assert.ok(Math.abs(shade - drawn[c]!) <= 2, `${name} ${row}, ${column}: ${drawn.join()}`),
          );
      }
    }
    const canvas = await page.locator('figure[data-cost=prior] canvas').boundingBox();
    await page.mouse.move(canvas!.x + (4.5 / 8) * canvas!.width, canvas!.y + (3.5 / 8) * canvas!.height);
    const at = bits[0]![3 * 8 + 4]!;
    await page
      .locator('.readout', {
        hasText: `row 3, column 4: ${at < 0 ? '−' : '+'}${Math.abs(at).toFixed(2)} bits`,
      })
      .waitFor();
    await close();
  });

  it('are rows for the features of a vector', async () => {
    const flow = new ToyFlow({ kind: 'vector' });
    const costs = toyContribution(flow, select(0));
    const { page, close } = await browser.openLive({ kind: 'vector' });
    await page.getByRole('tab', { name: 'By feature' }).click();
    const cells = await page.locator('[data-feature="1"] td').allInnerTexts();
    assert.equal(cells[0], 'height');
    assert.equal(cells[1], flow.data('validation', 0)[1]!.toFixed(2).replace('-', '−'));
    assert.ok(Math.abs(parseNumber(cells[2]!) - costs.total.data[1]!) < 0.006);
    assert.equal(
      parseNumber((await page.locator('[data-cost-sum]').innerText()).replace(/[^\d.,−]/g, '')).toFixed(2),
      costs.parts.nats.toFixed(2),
    );
    await close();
  });

  it('are in a saved page', async () => {
    const { page, close } = await browser.openRecorded(recordedToy({ kind: 'image' }));
    await page.locator('[data-result]').waitFor();
    await page.getByRole('tab', { name: 'By pixel' }).click();
    await page.locator('canvas[data-name=cost]').nth(4).waitFor();
    await close();
  });
});
