/** The Conditioner and Jacobian tabs: pixels and figures against the toy flow's own numbers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { ActivityView, WeightView } from '../../src/protocol/conditioner';
import type { NetworkView } from '../../src/protocol/inspect';
import { insidePlan } from '../../src/protocol/inside-plan';
import type { JacobianView } from '../../src/protocol/jacobian';
import { defaultSelection, jacobianQuery } from '../../src/protocol/questions';
import { recordKey } from '../../src/protocol/webview';
import { signedScale } from '../../webview/base/canvas/colour-maps';
import { compact, fixed, roundUp } from '../../webview/base/format/numbers';
import { cellColour, InspectorBrowser, parseNumber, type Inspector } from './support/inspector-page';
import { recordedToy } from './support/recorded';
import { ToyFlow } from './support/toy-flow';
import { deadToyChannels, featureMaps, insideOf, toyChannels } from './support/toy-inside';

const near = (actual: readonly number[], expected: readonly number[], what: string): void =>
  assert.ok(
    actual.every((value, k) => Math.abs(value - expected[k]!) <= 1),
    `${what}: ${actual.join()} instead of ${expected.join()}`,
  );

describe('inside a layer', () => {
  const flow = new ToyFlow({ kind: 'image' });
  const selection = defaultSelection(flow.summary);
  const { info } = flow.layers[1]!;
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  async function openTab(name: string, width?: number): Promise<Inspector> {
    const opened = await browser.openLive({ kind: 'image' }, width ? { width, height: 900 } : {});
    await opened.page.getByRole('tab', { name }).click();
    return opened;
  }
  const asked = (page: Page, method: string): Promise<string[]> =>
    page.evaluate((name) => window.toyHost.calls.filter((call) => call.startsWith(`ask ["${name}"`)), method);

  it('draws kernels in a grid, pages through them, and reads a value out', async () => {
    const { page, close } = await openTab('Conditioner');
    await page.locator('table').first().waitFor();
    assert.deepEqual(await asked(page, 'weight'), []);
    await page.getByRole('button', { name: 'Show blocks.0.weight as a picture' }).click();
    const name = `${info.name}.blocks.0.weight`;
    const windowAt = (from: number[], size: number[]): WeightView =>
      flow.answer('weight', { layer: 1, name, from, size }) as WeightView;
    const whole = windowAt([0, 0, 0, 0], [3, 3, 20, 20]);
    const scale = signedScale(roundUp(Math.max(-whole.stats.min, whole.stats.max)), false);
    const valueOf = (row: number, column: number, input: number, output: number): number =>
      whole.values.data[((row * 3 + column) * 20 + input) * 20 + output]!;
    const cell = (
      row: number,
      column: number,
      input: number,
      output: number,
      inputs: number,
      outputs: number,
    ) => ({
      row: output * 4 + row,
      column: input * 4 + column,
      rows: outputs * 4 - 1,
      columns: inputs * 4 - 1,
    });
    await page.locator('[data-name=weight]').waitFor();
    for (const [row, column, input, output] of [
      [0, 0, 0, 0],
      [2, 1, 3, 5],
      [1, 2, 15, 15],
    ] as const) {
      const colour = await cellColour(page, '[data-name=weight]', cell(row, column, input, output, 16, 16));
      near(colour, scale.at(valueOf(row, column, input, output)), `${row} ${column} ${input} ${output}`);
    }
    // Between two kernels there is nothing.
    const gap = { row: 3, column: 0, rows: 63, columns: 63 };
    const surface = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    near(await cellColour(page, '[data-name=weight]', gap), surface.match(/\d+/g)!.map(Number), 'gap');
    // The second page of outputs is of the four that are left; no more than the window was asked for.
    await page.getByRole('button', { name: 'Next page' }).first().click();
    await page.getByText('output 16–19 of 20').waitFor();
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-name=weight]')!;
      return canvas.height * 4 < canvas.width * 1.1;
    });
    near(
      await cellColour(page, '[data-name=weight]', cell(1, 1, 2, 3, 16, 4)),
      scale.at(valueOf(1, 1, 2, 19)),
      'second page',
    );
    assert.match((await asked(page, 'weight')).at(-1)!, /"from":\[0,0,0,16\],"size":\[3,3,16,4\]/);
    await page.locator('.weight [role=group]').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown'])
      await page.keyboard.press(key);
    const read = await page.locator('.weight .readout').innerText();
    assert.equal(read, `row 1, column 0, input 1, output 16: ${compact(valueOf(1, 0, 1, 16))}`);
    const norm = await page.locator('[data-frobenius]').innerText();
    assert.ok(Math.abs(parseNumber(norm.match(/[\d.]+$/)![0]) - whole.frobenius) < 0.006);
    await close();
  });

  it('draws the length of each output and the gain of weight-normalized kernels', async () => {
    const { page, close } = await openTab('Conditioner');
    await page.getByRole('button', { name: 'Show input.v as a picture' }).click();
    const name = `${info.name}.input.v`;
    const query = { layer: 1, name, from: [0, 0, 0, 0], size: [3, 3, 3, 20] };
    const { lengths, gains } = flow.answer('weight', query) as WeightView;
    const chart = page.locator('.lengths svg');
    await chart.waitFor();
    const heights = await chart
      .locator('rect.bar')
      .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))));
    assert.equal(heights.length, 20);
    for (let o = 0; o < 20; o++)
      assert.ok(Math.abs(heights[o]! / heights[0]! - lengths![o]! / lengths![0]!) < 1e-3, `output ${o}`);
    const dots = await chart
      .locator('circle')
      .evaluateAll((circles) => circles.map((circle) => Number(circle.getAttribute('cy'))));
    assert.equal(dots.length, 20);
    const perNat = heights[0]! / lengths![0]!;
    for (let o = 1; o < 20; o++)
      assert.ok(Math.abs(dots[0]! - dots[o]! - (gains![o]! - gains![0]!) * perNat) < 0.1, `gain ${o}`);
    await close();
  });

  it('computes feature maps when asked, a page at a time, and counts the dead', async () => {
    const { page, close } = await openTab('Conditioner');
    await page.locator('.choice').first().waitFor();
    assert.deepEqual(await asked(page, 'features'), []);
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[15]"]').waitFor();
    const { name: stage } = insideOf(info).stages[1]!;
    const maps = featureMaps(flow, { ...selection, layer: 1, stage });
    const scale = signedScale(roundUp(Math.max(...maps.map(Math.abs))), false);
    const check = async (channel: number, place: number): Promise<void> =>
      near(
        await cellColour(page, `[data-name="feature[${channel}]"]`, {
          row: Math.floor(place / 8),
          column: place % 8,
          rows: 8,
          columns: 8,
        }),
        scale.at(maps[place * toyChannels + channel]!),
        `channel ${channel}, place ${place}`,
      );
    await check(0, 27);
    await check(9, 44);
    const dead = `${deadToyChannels.length} of ${toyChannels} channels are the same everywhere`;
    await page.getByText(dead).waitFor();
    await page.locator('[data-name="feature[9]"]').hover({ position: { x: 2.5 * 7.5, y: 3.5 * 7.5 } });
    const value = compact(maps[(3 * 8 + 2) * toyChannels + 9]);
    assert.equal(await page.locator('.features .readout').innerText(), `channel 9 (3, 2): ${value}`);
    await page.locator('.features').getByRole('button', { name: 'Next page' }).click();
    await page.locator('[data-name="feature[19]"]').waitFor();
    await check(18, 12);
    assert.equal(await page.locator('.feature-grid canvas').count(), 4);
    // Another layer has maps of its own; those of this one go.
    await page.locator('[data-layer="2"]').click();
    await page.locator('.feature-grid').waitFor({ state: 'detached' });
    assert.equal((await asked(page, 'features')).length, 2);
    await close();
  });

  it('sets running statistics beside those of the batch', async () => {
    const { page, close } = await openTab('Conditioner');
    await page.getByRole('button', { name: 'Compare with 64 examples' }).click();
    await page.locator('.channel-table').waitFor();
    const view = flow.answer('activity', { layer: 1, batch: selection.batch, mode: 'eval' }) as ActivityView;
    const { running, batch } = view.norms[0]!;
    const cells = await page.locator('.channel-table tbody tr').first().locator('td').allInnerTexts();
    const [, meanRunning, meanBatch, shift, , stdBatch] = cells.map(parseNumber);
    assert.ok(Math.abs(meanRunning! - running.mean[0]!) < 0.006);
    assert.ok(Math.abs(meanBatch! - batch.mean[0]!) < 0.006);
    assert.ok(Math.abs(shift! - (batch.mean[0]! - running.mean[0]!) / 2) < 0.006);
    assert.ok(Math.abs(stdBatch! - Math.sqrt(batch.variance[0]!)) < 0.006);
    assert.match(await page.locator('[data-dead]').innerText(), /64 examples: input convolution 2 of 20/);
    await close();
  });

  it('shows the Jacobian sorted and in its own order, with its diagonal and determinant', async () => {
    const { page, close } = await openTab('Jacobian');
    const matrix = page.locator('[data-name=jacobian]');
    await matrix.waitFor();
    const view = flow.answer('jacobian', jacobianQuery(selection, info, -1)) as JacobianView;
    const k = view.elements.length;
    const scale = signedScale(roundUp(Math.max(...view.matrix.data.map(Math.abs))), false);
    // The corner of a cell, where no figure stands.
    const colourAt = (row: number, column: number): Promise<number[]> =>
      matrix.evaluate(
        (element, at) => {
          const canvas = element as HTMLCanvasElement;
          const ratio = canvas.width / canvas.clientWidth;
          const cell = canvas.clientHeight / at.k;
          const x = canvas.clientWidth - at.k * cell + at.column * cell + 2;
          const y = at.row * cell + 2;
          return [
            ...canvas
              .getContext('2d')!
              .getImageData(x * ratio, y * ratio, 1, 1)
              .data.slice(0, 3),
          ];
        },
        { row, column, k },
      );
    const own = Array.from({ length: k }, (_, i) => i);
    const sorted = [...own.filter((i) => view.passes![i]), ...own.filter((i) => !view.passes![i])];
    const checkOrder = async (order: number[]): Promise<void> => {
      for (const [row, column] of [
        [0, 0],
        [0, k - 1],
        [k - 1, 0],
        [k - 1, k - 1],
        [k - 2, 3],
      ] as const) {
        const value = view.matrix.data[order[row]! * k + order[column]!]!;
        near(await colourAt(row, column), scale.at(value), `(${row}, ${column})`);
      }
    };
    await checkOrder(sorted);
    // Above the diagonal there is nothing, in colours too.
    near(await colourAt(2, k - 3), scale.at(0), 'above the diagonal');
    await page.getByRole('radio', { name: 'own order' }).click();
    await checkOrder(own);
    const rows = await page.locator('.jacobian tbody tr').evaluateAll((elements) =>
      elements.map((row) => ({
        element: Number(row.getAttribute('data-element')),
        figures: [...row.querySelectorAll('.num')].map((cell) => cell.textContent),
      })),
    );
    assert.equal(rows.length, view.passes!.filter((one) => one === 0).length);
    for (const { element, figures } of rows) {
      const i = view.elements.indexOf(element);
      assert.deepEqual(figures, [fixed(view.matrix.data[i * k + i], 4), fixed(view.expected![i], 4)]);
    }
    assert.match(
      await page.locator('.figures-line').innerText(),
      new RegExp(`${fixed(view.logDet, 4)} nats`),
    );
    // The block follows the marked element.
    await page.getByRole('tab', { name: 'Activations' }).click();
    await page.locator('[data-tensor=x] canvas').click({ position: { x: 120, y: 120 } });
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-element="63"]').waitFor();
    await close();
  });

  it('says of layers that only move values why they have none', async () => {
    const { page, close } = await openTab('Jacobian');
    await page.locator('[data-name=jacobian]').waitFor();
    await page.evaluate(() => window.toyHost.calls.splice(0));
    await page.locator('[data-layer="3"]').click();
    await page.getByText('This layer only moves values').waitFor();
    assert.deepEqual(await asked(page, 'jacobian'), []);
    await close();
  });

  it('fits a narrow window', async () => {
    const { page, close } = await openTab('Conditioner', 400);
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[15]"]').waitFor();
    await page.getByRole('button', { name: 'Compare with 64 examples' }).click();
    await page.locator('.channel-table').waitFor();
    await page.getByRole('button', { name: 'Show blocks.0.weight as a picture' }).click();
    await page.locator('[data-name=weight]').waitFor();
    const wide = (): Promise<boolean> =>
      page.evaluate(() => {
        const panel = document.querySelector('#layer-panel')!;
        return panel.scrollWidth > panel.clientWidth || panel.getBoundingClientRect().right > 400;
      });
    assert.equal(await wide(), false);
    assert.ok((await page.locator('[data-name=weight]').boundingBox())!.width <= 368);
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    assert.equal(await wide(), false);
    const box = (await page.locator('[data-name=jacobian]').boundingBox())!;
    assert.ok(box.x >= 0 && box.x + box.width <= 400, `${box.x}, ${box.width}`);
    // What is read out stands right below it.
    const below = (await page.locator('.matrix .readout').boundingBox())!;
    assert.ok(below.y - box.y - box.height < 16, `${below.y - box.y - box.height} px between`);
    await close();
  });

  it('shows in a saved page the weights and feature maps that were recorded, and says what was not', async () => {
    const recorded = recordedToy({ kind: 'image' });
    const plan = insidePlan(
      flow.summary,
      recorded.choices,
      (layer) => recorded.answers[recordKey('network', { layer })] as NetworkView,
    ).filter(({ query }) => (query as { layer: number }).layer === 1);
    // All of the first layer but one weight, as where there is no more room.
    const left = plan.findLast(({ method }) => method === 'weight')!;
    for (const { method, query } of plan.filter((question) => question !== left))
      recorded.answers[recordKey(method, query)] = flow.answer(method, query);
    const { page, close } = await browser.openRecorded(recorded);
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[9]"]').waitFor();
    await page.getByRole('button', { name: 'Compare with 64 examples' }).click();
    await page.locator('.channel-table').waitFor();
    const weights = plan.filter(({ method }) => method === 'weight');
    const rows = page.locator('table', { hasText: 'Distribution' }).locator('button');
    assert.equal(await rows.count(), weights.length);
    await rows.first().click();
    await page.locator('[data-name=weight]').waitFor();
    assert.equal(await page.getByText('Not in this saved page').count(), 0);
    const { name } = left.query as { name: string };
    await page.locator(`tr[title="${name}"] button`).click();
    await page.getByText('Not in this saved page').waitFor();
    await close();
  });
});
