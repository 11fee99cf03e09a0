/** What the page draws against the numbers of the flow: pixels of maps and masks, lengths of bars, figures. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LayerView, MaskView, Strip } from '../../src/protocol/inspect';
import { defaultSelection } from '../../src/protocol/questions';
import { greyScale, maskColours, signedScale } from '../../webview/base/canvas/colour-maps';
import { roundUp } from '../../webview/base/format/numbers';
import { cellColour, InspectorBrowser, parseNumber, type Inspector } from './support/inspector-page';
import { recordedOf } from './support/recorded';
import { ToyFlow } from './support/toy-flow';

describe('drawing', () => {
  const flow = new ToyFlow({ kind: 'image' });
  const selection = defaultSelection(flow.summary);
  const strip = flow.answer('strip', selection) as Strip;
  const layerView = (layer: number): LayerView => flow.answer('layer', { ...selection, layer }) as LayerView;
  let browser: InspectorBrowser;
  let opened: Inspector;

  before(async () => {
    browser = await InspectorBrowser.start();
    opened = await browser.openRecorded(recordedOf(flow), { theme: 'dark' });
    await opened.page.locator('[data-tensor=x] canvas').waitFor();
  });
  after(async () => {
    await opened.close().finally(() => browser.stop());
  });

  const near = (actual: number[], expected: readonly number[], what: string): void =>
    assert.ok(
      actual.every((value, k) => Math.abs(value - expected[k]!) <= 1),
      `${what}: ${actual.join()} instead of ${expected.join()}`,
    );

  it('colours every cell of a map by its value, on a range centred on zero', async () => {
    const view = layerView(1);
    const tensor = (name: string) => view.tensors.find((t) => t.name === name)!;
    const shared = Math.max(
      ...['x', 'y'].flatMap((n) => [tensor(n).stats.min, tensor(n).stats.max]).map(Math.abs),
    );
    for (const name of ['x', 'y']) {
      const scale = signedScale(roundUp(shared), false);
      for (const cell of [0, 9, 18, 27, 44, 63]) {
        const place = { row: Math.floor(cell / 8), column: cell % 8, rows: 8, columns: 8 };
        const colour = await cellColour(opened.page, `[data-tensor=${name}] canvas`, place);
        near(colour, scale.at(tensor(name).data![cell]!), `${name}[${cell}]`);
      }
    }
  });

  it('hatches what passes through instead of drawing it as zero', async () => {
    const view = layerView(1);
    const moving = view.mask!.data.findIndex((value) => value < 0.5);
    const passing = view.mask!.data.findIndex((value) => value > 0.5);
    const distinct = (cell: number): Promise<number> =>
      opened.page.locator('[data-tensor=s] canvas').evaluate((element, at) => {
        const canvas = element as HTMLCanvasElement;
        const size = canvas.width / 8;
        const box = [(at % 8) * size, Math.floor(at / 8) * size, size, size] as const;
        const { data } = canvas.getContext('2d')!.getImageData(...box);
        const colours = new Set<string>();
        for (let i = 0; i < data.length; i += 4) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
        return colours.size;
      }, cell);
    assert.equal(await distinct(moving), 1);
    assert.equal(await distinct(passing), 2);
  });

  it('shows the statistics of each tensor', async () => {
    for (const tensor of layerView(1).tensors) {
      const figures = await opened.page.locator(`[data-tensor=${tensor.name}] dd`).allTextContents();
      assert.ok(Math.abs(parseNumber(figures[0]!) - tensor.stats.min) < 0.006, `min of ${tensor.name}`);
      assert.ok(Math.abs(parseNumber(figures[2]!) - tensor.stats.max) < 0.006, `max of ${tensor.name}`);
    }
  });

  it('works the marked element through: x · exp(s) + t, then the batch norm, is y', async () => {
    const figure = async (name: string): Promise<number> =>
      parseNumber(await opened.page.locator(`.worked [data-value=${name}]`).innerText());
    const [x, s, t, y] = await Promise.all(['x', 's', 't', 'y'].map(figure));
    const { norm } = layerView(1);
    const expected = (x! * Math.exp(s!) + t! - norm!.mean[0]!) / norm!.std[0]!;
    assert.ok(Math.abs(expected - y!) < 0.03, `${expected} and ${y}`);
    // Marking another element moves the mark and the numbers.
    await opened.page.locator('[data-tensor=x] canvas').click({ position: { x: 16 * 2 + 8, y: 16 * 3 + 8 } });
    assert.match(await opened.page.locator('.worked').innerText(), /\(3, 2\) channel 0/);
    const marked = layerView(1).tensors[0]!.data![3 * 8 + 2]!;
    assert.ok(Math.abs((await figure('x')) - marked) < 0.006);
    await opened.page.locator('.maps').focus();
    await opened.page.keyboard.press('ArrowRight');
    assert.match(await opened.page.locator('.worked').innerText(), /\(3, 3\) channel 0/);
  });

  it('draws bars in proportion: solid for the coupling, hollow for its batch norm', async () => {
    const couplings = strip.rows.filter((row) => flow.summary.layers[row.layer]!.hasNorm);
    const limit = roundUp(
      Math.max(
        ...couplings
          .flatMap((r) => [r.example!.coupling, r.example!.norm, r.mean.coupling, r.mean.norm])
          .map(Math.abs),
      ),
    );
    for (const row of couplings) {
      const bars = opened.page.locator(`[data-layer="${row.layer}"] .bars`);
      const width = (await bars.boundingBox())!.width;
      for (const part of ['coupling', 'norm'] as const) {
        const box = await bars.locator(`i.${part}`).boundingBox();
        const expected = (Math.abs(row.example![part]) / limit) * (width / 2);
        assert.ok(
          Math.abs(box!.width - expected) < 1,
          `${part} of layer ${row.layer}: ${box!.width}, not ${expected}`,
        );
        const middle = (await bars.boundingBox())!.x + width / 2;
        if (expected > 2)
          assert.equal(box!.x + box!.width / 2 > middle, row.example![part] > 0, 'side of the bar');
      }
      const sum = parseNumber(
        await opened.page.locator(`[data-layer="${row.layer}"] .num`).first().innerText(),
      );
      assert.ok(Math.abs(sum - row.example!.coupling - row.example!.norm) <= 0.051);
    }
  });

  it('adds up: the parts are the total, and the total is the large number', async () => {
    const rows = await opened.page
      .locator('.waterfall [data-part]')
      .evaluateAll((elements) =>
        elements.map(
          (e) => [e.getAttribute('data-part')!, e.querySelector('[role=cell]')!.textContent] as const,
        ),
      );
    const figures = rows.map(([name, figure]) => [name, parseNumber(figure)] as const);
    const total = figures.find(([name]) => name === 'total')![1];
    const sum = figures.filter(([name]) => name !== 'total').reduce((a, [, value]) => a + value, 0);
    assert.ok(Math.abs(sum - total) < 0.04, `${sum} and ${total}`);
    assert.ok(Math.abs(total - strip.example!.bitsPerDim!) < 0.006);
    assert.equal(parseNumber(await opened.page.locator('[data-result]').innerText()), total);
  });

  it('shows masks at their scale and in image coordinates', async () => {
    for (const layer of [2, 4, 7]) {
      const view = flow.answer('mask', { layer }) as MaskView;
      await opened.page.locator(`[data-layer="${layer}"]`).click();
      await opened.page.getByRole('tab', { name: 'Mask' }).click();
      await opened.page.locator(`.panels[data-layer-name="${flow.summary.layers[layer]!.name}"]`).waitFor();
      const [rows = 1, columns = 1, channels = 1] = view.mask.shape;
      for (let channel = 0; channel < channels; channel++) {
        for (const [row, column] of [
          [0, 0],
          [0, 1],
          [1, 1],
        ] as const) {
          const value = view.mask.data[(row * columns + column) * channels + channel]!;
          const colour = await cellColour(opened.page, `canvas[data-name="mask[${channel}]"]`, {
            row,
            column,
            rows,
            columns,
          });
          assert.deepEqual(colour, [...(value > 0.5 ? maskColours.reads : maskColours.moves)]);
        }
      }
      for (const cell of [0, 1, 8, 9, 36]) {
        const value = view.inImage.data[cell]!;
        if (Number.isNaN(value)) continue;
        const colour = await cellColour(opened.page, 'canvas[data-name=mask-in-image]', {
          row: Math.floor(cell / 8),
          column: cell % 8,
          rows: 8,
          columns: 8,
        });
        assert.deepEqual(
          colour,
          [...(value > 0.5 ? maskColours.reads : maskColours.moves)],
          `layer ${layer}, cell ${cell}`,
        );
      }
    }
  });

  it('maps log-det by element, for the example and the mean of the batch, on one scale', async () => {
    await opened.page.locator('[data-layer="1"]').click();
    await opened.page.getByRole('tab', { name: 'Log-det' }).click();
    const view = layerView(1);
    const limit = roundUp(Math.max(...[...view.logDetMap!.data, ...view.logDetMapMean!.data].map(Math.abs)));
    const scale = signedScale(limit, false);
    for (const [name, map] of [
      ['logdet', view.logDetMap!],
      ['logdet-mean', view.logDetMapMean!],
    ] as const) {
      for (let cell = 0; cell < 64; cell += 7) {
        if (view.mask!.data[cell]! > 0.5) continue;
        const place = { row: Math.floor(cell / 8), column: cell % 8, rows: 8, columns: 8 };
        const colour = await cellColour(opened.page, `canvas[data-name="${name}[0]"]`, place);
        near(colour, scale.at(map.data[cell]!), `${name} ${cell}`);
      }
    }
    const written = await opened.page.locator('[data-map=logdet] h3').innerText();
    const sum = parseNumber(/Σ (\S+)/.exec(written)![1]!);
    assert.ok(
      Math.abs(sum - view.logDetExample!.coupling) < 0.006,
      `${sum} and ${view.logDetExample!.coupling}`,
    );
  });

  it('carries the log-det map back to the image', async () => {
    const { logDetInImage, logDetMap, logDetMapMean } = layerView(4);
    await opened.page.locator('[data-layer="4"]').click();
    await opened.page.getByRole('tab', { name: 'Log-det' }).click();
    const canvas = 'canvas[data-name="logdet-in-image[0]"]';
    await opened.page.locator(canvas).waitFor();
    const largest = Math.max(...[...logDetMap!.data, ...logDetMapMean!.data].map(Math.abs));
    const scale = signedScale(roundUp(largest), false);
    for (const cell of [0, 1, 8, 9, 36, 63]) {
      const place = { row: Math.floor(cell / 8), column: cell % 8, rows: 8, columns: 8 };
      near(
        await cellColour(opened.page, canvas, place),
        scale.at(logDetInImage!.data[cell]!),
        `place ${cell}`,
      );
    }
  });

  it('draws samples as pictures in grey, and the way from z to x', async () => {
    const grid = flow.answer('samples', { count: 25, seed: 7, temperature: 0.8 }) as {
      values: { data: Float32Array };
    };
    const grey = greyScale(16);
    for (const sample of [0, 12, 24])
      for (const cell of [0, 27, 63]) {
        const colour = await opened.page
          .locator('canvas[data-name=sample]')
          .nth(sample)
          .evaluate((element, at) => {
            const [r = 0, g = 0, b = 0] = (element as HTMLCanvasElement)
              .getContext('2d')!
              .getImageData(at % 8, Math.floor(at / 8), 1, 1).data;
            return [r, g, b];
          }, cell);
        near(colour, grey.at(grid.values.data[sample * 64 + cell]!), `sample ${sample}, pixel ${cell}`);
      }
    const slider = opened.page.getByRole('slider', { name: 'Way from z to x' });
    assert.equal(await slider.getAttribute('max'), String(flow.layers.length));
    await slider.focus();
    await opened.page.keyboard.press('Home');
    assert.equal(await slider.getAttribute('aria-valuetext'), 'z');
  });

  it('draws distributions over the batch and the running sum over depth', async () => {
    const last = strip.rows.reduce((sum, row) => sum + row.example!.coupling + row.example!.norm, 0);
    const label = await opened.page.locator('svg[aria-label^="Over depth"]').getAttribute('aria-label');
    assert.ok(Math.abs(parseNumber(/: (\S+) nats/.exec(label!)![1]!) - last) < 0.06);
    assert.ok((await opened.page.locator('svg[aria-label^="Over 64 examples"] rect.fill').count()) > 3);
  });
});
