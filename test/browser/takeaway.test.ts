/** What the menu of each view copies and saves: pictures that can be seen, numbers that are those of the view. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { parseNpy } from '../../src/data/npy';
import { npzArrays } from './support/npz';
import type { Diagnostics, LayerView, Strip } from '../../src/protocol/inspect';
import type { JacobianView } from '../../src/protocol/jacobian';
import { defaultSelection, jacobianQuery } from '../../src/protocol/questions';
import { recordKey } from '../../src/protocol/webview';
import { InspectorBrowser } from './support/inspector-page';
import { recordedOf } from './support/recorded';
import { ToyFlow } from './support/toy-flow';

describe('take away', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const flow = new ToyFlow({ kind: 'image' });
  const selection = defaultSelection(flow.summary);

  /** Chooses an entry of a view's menu and gives the file that the browser then saves. */
  async function take(page: Page, view: string, entry: string): Promise<{ name: string; bytes: Buffer }> {
    await page.locator(view).locator('.take-button').first().click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: entry }).click();
    const done = await download;
    return { name: done.suggestedFilename(), bytes: fs.readFileSync(await done.path()) };
  }

  it('saves the layer as CSV and NPZ with the numbers of the view', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    await page.locator('.worked').waitFor();
    const layer = flow.summary.layers.find(({ coupling }) => coupling === 0)!.index;
    const view = flow.answer('layer', { ...selection, layer }) as LayerView;
    const csv = await take(page, '.layer', 'Save CSV');
    assert.match(csv.name, /activations\.csv$/);
    const [head, ...lines] = csv.bytes.toString('utf8').trimEnd().split('\n');
    assert.equal(head, 'row,column,channel,x,s [nats],t,y,mask,log_det [nats],log_det_mean [nats]');
    const x = view.tensors.find(({ name }) => name === 'x')!;
    assert.equal(lines.length, x.data!.length);
    lines.forEach((line, i) => {
      const [row, column, , value] = line.split(',').map(Number);
      assert.equal(row! * x.shape[1]! + column!, Math.floor(i / x.shape[2]!));
      assert.equal(Math.fround(value!), x.data![i]);
    });

    const npz = await take(page, '.layer', 'Save NPZ');
    const arrays = npzArrays(npz.bytes);
    for (const tensor of view.tensors) {
      const bytes = arrays[tensor.name]!;
      // By our own reader, and by what NumPy's description of the format says of the header.
      const read = parseNpy(bytes, tensor.name);
      assert.deepEqual(read.shape, tensor.shape);
      assert.equal(read.dtype, 'float32');
      assert.deepEqual([...read.data], [...tensor.data!]);
      assert.deepEqual([...bytes.subarray(0, 8)], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
      const length = bytes[8]! + 256 * bytes[9]!;
      assert.equal((10 + length) % 64, 0);
      const header = Buffer.from(bytes.subarray(10, 10 + length)).toString('latin1');
      assert.ok(header.endsWith('\n'));
      assert.equal(
        header.trimEnd(),
        `{'descr': '<f4', 'fortran_order': False, 'shape': (${tensor.shape.join(', ')}), }`,
      );
      assert.equal(bytes.length - 10 - length, 4 * tensor.data!.length);
    }
    await close();
  });

  it('saves the Jacobian as CSV, NPZ and pictures, also one of central differences', async () => {
    const recorded = recordedOf(flow);
    const layer = flow.summary.layers.find(({ coupling }) => coupling === 0)!;
    const query = jacobianQuery(selection, layer, -1);
    const view = {
      ...(flow.answer('jacobian', query) as JacobianView),
      differences: { step: 2 ** -8, error: 0.00031 },
    };
    recorded.answers[recordKey('jacobian', query)] = view;
    const { page, close } = await browser.openRecorded(recorded);
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    const note = await page.locator('[data-differences]').innerText();
    assert.match(note, /^Central differences, step h = 2⁻⁸: .* more than about 3\.1·10⁻⁴\.$/);
    const k = view.elements.length;
    const csv = await take(page, '.layer', 'Save CSV');
    assert.match(csv.name, /jacobian\.csv$/);
    const [head, ...lines] = csv.bytes.toString('utf8').trimEnd().split('\n');
    assert.equal(head, ['y', ...[...view.elements].map((i) => `x${i}`), 'from_scale', 'passes'].join(','));
    assert.equal(lines.length, k);
    lines.forEach((line, i) => {
      const [element, ...values] = line.split(',').map(Number);
      assert.equal(element, view.elements[i]);
      for (let j = 0; j < k; j++) assert.equal(Math.fround(values[j]!), view.matrix.data[i * k + j]);
      assert.equal(values[k + 1], view.passes![i]);
    });
    const arrays = npzArrays((await take(page, '.layer', 'Save NPZ')).bytes);
    const read = parseNpy(arrays['jacobian']!, 'jacobian');
    assert.deepEqual(read.shape, [k, k]);
    assert.deepEqual([...read.data], [...view.matrix.data]);
    const svg = (await take(page, '.layer', 'Save SVG')).bytes.toString('utf8');
    assert.match(svg, /Central differences/);
    assert.match(svg, /<image /);
    const png = sharp((await take(page, '.layer', 'Save PNG')).bytes);
    const { width } = await png.metadata();
    assert.ok(width > 600, `${width}`);
    await close();
  });

  it('saves samples as one NPY file', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    await page.locator('.gallery canvas').first().waitFor();
    const { name, bytes } = await take(page, '.gallery', 'Save NPY');
    assert.match(name, /samples\.npy$/);
    const { shape, data } = parseNpy(bytes, name);
    assert.deepEqual(shape.slice(0, 1), [25]);
    const grid = flow.answer('samples', { count: 25, seed: 7, temperature: 0.8 }) as {
      values: { data: Float32Array };
    };
    assert.deepEqual([...data], [...grid.values.data]);
    await close();
  });

  it('saves the strip with every layer, its numbers in the table', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    await page.locator('.worked').waitFor();
    const strip = flow.answer('strip', selection) as Strip;
    const csv = (await take(page, '.strip', 'Save CSV')).bytes.toString('utf8').trimEnd().split('\n');
    assert.equal(csv.length, strip.rows.length + 1);
    const at = csv[0]!.split(',').indexOf('coupling_mean [nats]');
    strip.rows.forEach((row, i) => assert.equal(Number(csv[i + 1]!.split(',')[at]), row.mean.coupling));
    const svg = (await take(page, '.strip', 'Save SVG')).bytes.toString('utf8');
    assert.match(svg, /z, 64 values|z, \d+ values/);
    assert.equal((svg.match(/<image /g) ?? []).length >= strip.rows.length, true);
    await close();
  });

  it('saves a chart as vectors: the curve is the path of the page, the text is text', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    const chart = page.locator('.chart', { hasText: 'Is the inverse exact' });
    await chart.locator('svg[role=img]').waitFor();
    const path = await chart.locator('path.line').getAttribute('d');
    const { bytes, name } = await take(page, '.chart:has-text("Is the inverse exact")', 'Save SVG');
    assert.match(name, /inverse\.svg$/);
    const svg = bytes.toString('utf8');
    assert.ok(svg.includes(`d="${path}"`), 'the same curve');
    assert.ok(svg.includes('float32 ε'));
    assert.ok(!svg.includes('class='), 'nothing that only the page could draw');
    assert.match(svg, /validation 0.*statistics of 64 validation.*batch norm eval/s);
    const errors = (flow.answer('diagnostics', { ...selection }) as Diagnostics).inverseError;
    const csv = (await take(page, '.chart:has-text("Is the inverse exact")', 'Save CSV')).bytes.toString();
    assert.equal(csv.trimEnd().split('\n').length, errors.length + 1);
    await close();
  });

  it('draws the rows of the waterfall, and leaves out what is folded away', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    await page.locator('.waterfall').waitFor();
    const frame = '.chart:has(.waterfall)';
    const shown = (await page.locator(`${frame} .waterfall [role=rowheader]`).allInnerTexts()).map((t) =>
      t.trim(),
    );
    const svg = (await take(page, frame, 'Save SVG')).bytes.toString('utf8');
    for (const name of shown) assert.ok(svg.includes(`>${name}</text>`), name);
    const samples = (await take(page, '.gallery', 'Save SVG')).bytes.toString('utf8');
    assert.ok(!samples.includes('By scale'));
    await close();
  });

  it('saves a PNG of twice the pixels in which the colours of the maps stand', async () => {
    const { page, close } = await browser.openRecorded(recordedOf(flow));
    await page.locator('.worked').waitFor();
    const svg = (await take(page, '.layer', 'Save SVG')).bytes.toString('utf8');
    const [, width, height] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg)!;
    const { bytes } = await take(page, '.layer', 'Save PNG');
    const picture = sharp(bytes);
    const metadata = await picture.metadata();
    assert.deepEqual([metadata.width, metadata.height], [2 * Number(width), 2 * Number(height)]);
    // The middle of the first cell of the first map, from the page and from the file.
    const shift = /<g transform="translate\((-?[\d.]+) (-?[\d.]+)\)">/.exec(svg)!.slice(1).map(Number);
    const first = /<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/
      .exec(svg)!
      .slice(1)
      .map(Number);
    const cells = flow.shape[0]!;
    const at = (axis: 0 | 1): number =>
      Math.round(2 * (first[axis]! + shift[axis]! + first[axis + 2]! / cells / 2));
    const expected = await page
      .locator('.layer canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement, n) => {
        const half = Math.floor(canvas.width / n / 2);
        return [...canvas.getContext('2d')!.getImageData(half, half, 1, 1).data.slice(0, 3)];
      }, cells);
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    const place = (at(1) * info.width + at(0)) * info.channels;
    assert.deepEqual([...data.subarray(place, place + 3)], expected);
    await close();
  });

  it('is reached and left by keys, and copies numbers through the host where the page may not', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', {
        value: { writeText: () => Promise.reject(new Error('not allowed')) },
      });
    });
    await page.locator('.layer .take-button').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('[role=menuitem]:focus').innerText(), 'Copy picture');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => window.toyHost.calls.some((call) => call.startsWith('copyText')));
    await page.locator('.layer .take-said', { hasText: 'Copied' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('[role=menu]').count(), 0);
    assert.ok(await page.locator('.layer .take-button').evaluate((b) => b === document.activeElement));
    await close();
  });

  it('stands at every view of every region', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.findings-rest').waitFor();
    assert.equal(await page.locator('.diag .take-button').count(), 5);
    await page.getByRole('tab', { name: 'Run' }).click();
    await page.locator('.chart .take-button').first().waitFor();
    assert.equal(await page.locator('.diag .take-button').count(), 3);
    for (const region of ['.strip', '.layer', '.gallery'])
      assert.equal(await page.locator(`${region} .take-button`).count(), 1, region);
    await close();
  });
});
