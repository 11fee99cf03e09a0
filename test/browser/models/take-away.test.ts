/** What the views copy and save, as pictures and as numbers, and the whole inspection as one page that needs no network. */
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'node:test';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import sharp from 'sharp';
import { encodeNpy, parseNpy } from '../../../src/data/npy';
import { magnitudeScale } from '../../../webview/base/canvas/color-maps';
import { until } from '../../inspector/until';
import { apply, arrays, score, type Numbers } from '../../inspector/command-line';
import { folder, isImage, openModel, showTab, triedOn, untilWords } from '../../inspector/models';
import { cells, near, result } from '../../inspector/frame';
import { apart, untilPictures } from '../../inspector/pictures';
import { type Raster, rastersOf, rgba } from '../../inspector/rasters';
import { arraysIn, copyNumbers, saved, tableOf, take } from '../../inspector/take';
import { inWindow } from '../support/in-window';
import type { EngineWindow } from '../support/engine-window';

describe('what is taken away', () => {
  let editor: EngineWindow;
  let browser: Browser | undefined;
  const at = (...names: string[]) => folder('taken', ...names);

  after(() => browser?.close());
  inWindow(
    async (window) => {
      editor = window;
    },
    { files: at },
  );

  for (const [n, model] of triedOn.entries()) {
    const image = isImage(model);
    const size = model.shape.reduce((a, b) => a * b);

    it(`of ${model.name} are the numbers of the flow`, async () => {
      const frame = await openModel(editor, model);
      const save = (view: string, entry: string) => saved(editor, frame, view, entry);

      // The strip: its latents lead back to its log-dets, and these add up to the bar's number.
      const strip = arraysIn(await save('.strip', 'Save NPZ'));
      const table = await copyNumbers(frame, '.strip');
      for (const name of ['coupling_example', 'norm_example', 'coupling_mean', 'norm_mean'])
        same(strip[name]!.data, table.column(name), name);
      const z = strip['z']!;
      assert.equal(z.data.length, size);
      const { x, logdet } = await apply('inverse', model.file(), {
        shape: [1, ...model.shape],
        data: z.data,
      });
      const logDets = table.column('coupling_example').map((v, i) => v + table.column('norm_example')[i]!);
      const sum = logDets.reduce((a, b) => a + b);
      const prior = z.data.reduce((all, v) => all - v ** 2 / 2 - Math.log(2 * Math.PI) / 2, 0);
      // The step from pixels to shares of 1 is the quantization's, D·ln(levels).
      const quantization = image ? size * Math.log(model.levels!) : 0;
      near(sum - quantization, -logdet.data[0]!, 0.01 + 1e-4 * Math.abs(sum), 'sum of the log-dets');
      const nats = logdet.data[0]! - prior;
      near(image ? nats / (size * Math.LN2) : nats, await result(frame), 0.0051, 'what the bar says');
      // Of pixels without their noise.
      strip['x']!.data.forEach((v, i) =>
        assert.ok(
          x.data[i]! - v > -0.01 && x.data[i]! - v < (image && model.steps.length > 0 ? 1.01 : 0.01),
          `x ${i}: ${v}, and ${x.data[i]} from z`,
        ),
      );
      const csv = tableOf((await save('.strip', 'Save CSV')).toString('utf8'));
      assert.deepEqual([csv.head, ...csv.rows], [table.head, ...table.rows], 'copied and saved');

      // The layer: what its elements add to the log-det is its row of the strip.
      await showTab(frame, '.layer', 'Activations');
      await frame.locator('.layer .facts').waitFor();
      const layer = await copyNumbers(frame, '.layer');
      const own = layer.column('log_det').reduce((a, b) => a + b);
      const selected = await frame.locator('.flow [aria-selected=true]').getAttribute('data-layer');
      const row = table.column('layer').indexOf(Number(selected));
      near(own, table.column('coupling_example')[row]!, 1e-3 * (1 + Math.abs(own)), 'log-det of the layer');
      const npz = arraysIn(await save('.layer', 'Save NPZ'));
      for (const name of ['x', 'y', 's', 't']) same(npz[name]!.data, layer.column(name), name);
      assert.deepEqual(npz['x']!.shape.length, model.shape.length);

      // Samples, as the command line draws them; those of a plane with its density.
      const count = image ? 25 : 500;
      const drawn = await arrays<'x'>('sample', model.file(), { ...{ count, seed: 7, temperature: 1 } });
      if (image) {
        const bytes = await save('.gallery', 'Save NPY');
        close(numbersIn(bytes), drawn.x, 'samples');
      } else {
        const both = arraysIn(await save('.gallery', 'Save NPZ'));
        close(both['samples']!, drawn.x, 'samples');
        const { shape, data } = both['density']!;
        const scale = magnitudeScale(Math.max(...data));
        // A cell is as many pixels as the gallery has room for.
        const shown = await cells(frame, '.gallery canvas[data-name=density]', shape[0]!, shape[1]!);
        shown.forEach((rgb, i) => assert.ok(apart(rgb, scale.at(data[i]!)) <= 1, `cell ${i} of the density`));
      }

      // Examples in the order in which they are shown.
      if (model.steps.length > 0) {
        await showTab(frame, '.gallery', 'Examples');
        await frame.locator('.gallery vscode-dropdown[title="Order of the examples"]').click();
        await frame.locator('vscode-option:visible', { hasText: 'least likely first' }).click();
        await untilWords(frame, '.gallery [data-covered]', /\d/);
        await frame.locator('.gallery .rows-table, .gallery canvas[data-name=example]').first().waitFor();
        const listed = await copyNumbers(frame, '.gallery');
        const scores = listed.column(image ? 'bits_per_dim' : 'nll');
        assert.ok(scores[0]! > scores.at(-1)! && scores.every((v, i) => i === 0 || v <= scores[i - 1]!));
        if (image) await untilPictures(frame, '.gallery canvas[data-name=example]', model, listed.values());
        else {
          const rows = await frame.locator('.gallery .rows-table tbody tr').allInnerTexts();
          assert.deepEqual(
            rows.map((row) => Number(row.split(/\s+/)[0])),
            listed.column('example'),
          );
          const file = at('listed.npy');
          const points = Float32Array.from(listed.values().flat());
          writeFileSync(file, encodeNpy({ shape: [points.length / 2, 2], data: points }));
          (await score(model.file(), file)).nats.forEach((v, i) => near(scores[i]!, v, 1e-3, `nats ${i}`));
        }
      }

      // What the diagnostics say in words and draw.
      await showTab(frame, '.diag', 'Diagnostics');
      await untilWords(frame, '.diag [data-part=total]', /\d/);
      const chart = '.chart:has(.waterfall)';
      const parts = await copyNumbers(frame, chart);
      const part = (name: string) =>
        Number(
          parts.rows.find(([first]) => first === name)![parts.head.findIndex((h) => h.startsWith('example'))],
        );
      near(-part('log_p'), nats, 0.01 + 1e-4 * Math.abs(nats), 'nats');
      near(part('prior'), prior, 0.01 + 1e-4 * Math.abs(prior), 'the prior');
      if (!image && model.steps.length > 0) {
        const likely = await copyNumbers(frame, '.chart.how-likely');
        const held = likely.rows.filter(([set]) => set === 'validation').map(([, number]) => Number(number));
        await showTab(frame, '.layer', 'Plane');
        await frame.locator('.plane-board').waitFor();
        const points = await copyNumbers(frame, '.layer');
        const [x1, x2] = [points.column('x1'), points.column('x2')];
        const data = Float32Array.from(x1.flatMap((v, i) => [v, x2[i]!]));
        writeFileSync(at('held.npy'), encodeNpy({ shape: [x1.length, 2], data }));
        const scores = await score(model.file(), at('held.npy'));
        assert.ok(held.length >= x1.length);
        scores.nats.forEach((v, i) => near(-held[i]!, v, 1e-3, `held out ${i}`));
      }
    });

    it(`of ${model.name} are the pictures of the page`, async () => {
      const frame = await openModel(editor, model);
      const save = (view: string, entry: string) => saved(editor, frame, view, entry);
      // What is on its way may change the size of a view between two pictures of it.
      await until(
        'the whole page',
        async () => (await frame.locator('[aria-busy=true]').count()) === 0,
        60_000,
      );
      // A density leaves no pixel of its plane open; the way of a sample comes last.
      if (image) await showTab(frame, '.layer', 'Activations');
      else await frame.getByRole('radio', { name: 'Density' }).click();
      await frame.locator(image ? '.gallery .morph-large canvas' : '.plane-behind .legend').waitFor();
      const chart = '.chart:has-text("Is the inverse exact")';
      // A dialog takes its time: one view of each model is saved as a file too, and each view of one.
      const kept = ['.layer', '.gallery', '.strip', chart][n % 4]!;
      const svgs: string[] = [];
      for (const [view, drawn] of [
        ['.layer', '.layer .panel canvas'],
        ['.gallery', '.gallery .panel canvas'],
        ['.strip', '.strip canvas'],
      ] as const) {
        await frame.locator(drawn).first().waitFor();
        const svg = (await save(view, 'Save SVG')).toString('utf8');
        svgs.push(svg);
        const shown = await rastersOf(frame, drawn);
        const png = await decoded(await copyPicture(frame, view));
        await agrees(svg, png, shown, view);
        if (view === kept) samePicture(await decoded(await save(view, 'Save PNG')), png, view);
      }

      // A chart keeps its curve: a point for each layer, as high as its number says.
      await showTab(frame, '.diag', 'Diagnostics');
      await frame.locator(`${chart} path.line`).waitFor();
      const vectors = (await save(chart, 'Save SVG')).toString('utf8');
      const curve = await frame.locator(`${chart} path.line`).getAttribute('d');
      assert.ok(vectors.includes(`d="${curve}"`), 'the curve of the page');
      const [, width, height] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(vectors)!.map(Number);
      const copied = await decoded(await copyPicture(frame, chart));
      assert.deepEqual([copied.width, copied.height], [2 * width!, 2 * height!], chart);
      if (kept === chart) samePicture(await decoded(await save(chart, 'Save PNG')), copied, chart);
      for (const svg of [...svgs, vectors]) assert.ok(await wellFormed(frame, svg), svg.slice(0, 300));
      const heights = [...curve!.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, , y]) => Number(y));
      const errors = (await copyNumbers(frame, chart)).column('from_latent');
      assert.equal(heights.length, errors.length);
      const logs = errors.map((error) => Math.log10(Math.max(error, 1e-30)));
      const highest = logs.indexOf(Math.max(...logs));
      assert.equal(heights[highest], Math.min(...heights), 'the largest error stands highest');
    });

    it(`of ${model.name} is a whole page that needs no network`, async () => {
      const frame = await openModel(editor, model);
      if (image) await showTab(frame, '.layer', 'Activations');
      const live = await read(frame);
      const file = at('saved.html');
      await editor.exportHtml(model.file(), file);
      const megabytes = statSync(file).size / 1e6;
      assert.ok(megabytes > 0.5 && megabytes <= 10, `${megabytes} MB`);

      browser ??= await chromium.launch({ executablePath: process.env['CHROMIUM'] || undefined });
      const context = await browser.newContext({
        offline: true,
        colorScheme: 'dark',
        viewport: { width: 1100, height: 860 },
      });
      try {
        const page = await context.newPage();
        const asked: string[] = [];
        const wrong: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        page.on('pageerror', (error) => wrong.push(error.message));
        const address = pathToFileURL(file).href;
        await page.goto(address);
        await page.locator('.flow[aria-busy=false]').waitFor();
        await until('its number', async () =>
          Number.isFinite(await result(page.mainFrame()).catch(() => NaN)),
        );
        if (image) await showTab(page.mainFrame(), '.layer', 'Activations');
        const there = await read(page);
        assert.equal(there.result, live.result, 'the number of the bar');
        assert.deepEqual(there.strip, live.strip, 'the strip');
        for (const [name, own] of Object.entries(live.pictures)) {
          const other = there.pictures[name];
          assert.ok(other, `${name} is not in the saved page`);
          assert.equal(other.length, own.length, `size of ${name}`);
          const off = own.filter((v, i) => Math.abs(v - other[i]!) > 2).length / own.length;
          assert.ok(off < 0.01, `${name}: ${(100 * off).toFixed(1)} % of it differ`);
        }
        // The example and 25 samples, or the density; of a plane also every number of the path.
        const count = Object.keys(live.pictures).length;
        assert.ok(count >= (image ? 26 : 1), `${count} pictures`);
        assert.equal(there.path, live.path);
        assert.equal(live.path.length > 50, !image);
        assert.deepEqual(wrong, []);
        assert.deepEqual(
          asked.filter((url) => url !== address && !/^(data|blob):/.test(url)),
          [],
        );
      } finally {
        await context.close();
        rmSync(file);
      }
    });
  }

  /** Numbers and pictures of a page; canvases by their names, those of one name numbered. */
  async function read(
    page: Frame | Page,
  ): Promise<{ result: string; strip: string[]; path: string; pictures: Record<string, Uint8Array> }> {
    await page.locator('.gallery canvas').first().waitFor();
    await page.locator('.path-table, .layer .facts').first().waitFor();
    const pictures: Record<string, Uint8Array> = {};
    for (const name of ['input', 'output', 'sample', 'density'])
      for (const [n, { data }] of (await rastersOf(page, `canvas[data-name=${name}]`)).entries())
        pictures[`${name} ${n + 1}`] = data;
    const words = await page.evaluate(() => ({
      result: document.querySelector<HTMLElement>('[data-result]')!.innerText,
      strip: [...document.querySelectorAll('.flow [data-layer] .num')].map((cell) => cell.textContent),
      path: document.querySelector<HTMLElement>('.path-table')?.innerText ?? '',
    }));
    return { ...words, pictures };
  }
});

async function decoded(png: Buffer): Promise<Raster> {
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

async function copyPicture(frame: Frame, view: string): Promise<Buffer> {
  await frame.page().evaluate(() => navigator.clipboard.writeText(''));
  await take(frame, view, 'Copy picture');
  const png = await until('a picture in the clipboard', () =>
    frame.page().evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      if (!item?.types.includes('image/png')) return undefined;
      // While it is being written it cannot be read.
      const blob = await item.getType('image/png').catch(() => undefined);
      if (!blob) return undefined;
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    }),
  );
  return Buffer.from(png, 'base64');
}

/** Each canvas of a view is in the SVG as it is, pixel for pixel, and at its place in the PNG of twice the size. */
async function agrees(svg: string, png: Raster, shown: readonly Raster[], view: string): Promise<void> {
  const images = [
    ...svg.matchAll(
      /<image x="(-?[\d.]+)" y="(-?[\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*href="data:image\/png;base64,([^"]+)"/g,
    ),
  ];
  assert.equal(images.length, shown.length, `pictures in the SVG of ${view}`);
  const [, width = 0, height = 0] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  assert.deepEqual([png.width, png.height], [2 * width, 2 * height], view);
  const [right = 0, down = 0] = /<g transform="translate\((-?[\d.]+) (-?[\d.]+)\)">/
    .exec(svg)!
    .slice(1)
    .map(Number);
  let looked = 0;
  for (const [i, found] of images.entries()) {
    const inside = await decoded(Buffer.from(found[5]!, 'base64'));
    assert.equal(apart(inside.data, shown[i]!.data), 0, `picture ${i} in the SVG of ${view}`);
    const [left = 0, top = 0, w = 0, h = 0] = found.slice(1, 5).map(Number);
    for (let place = 0; place < 16; place++) {
      const x = Math.floor((((place % 4) + 0.5) / 4) * inside.width);
      const y = Math.floor(((Math.floor(place / 4) + 0.5) / 4) * inside.height);
      if (rgba(inside, x, y)[3] !== 255) continue;
      const own = rgba(
        png,
        Math.floor(2 * (left + right + ((x + 0.5) / inside.width) * w)),
        Math.floor(2 * (top + down + ((y + 0.5) / inside.height) * h)),
      );
      // Where pixels of the map are smaller than those of the picture it may be a neighbour, or between two.
      const around = [-1, 0, 1].flatMap((dy) =>
        [-1, 0, 1].flatMap((dx) => {
          const inMap = x + dx >= 0 && x + dx < inside.width && y + dy >= 0 && y + dy < inside.height;
          return inMap ? [rgba(inside, x + dx, y + dy)] : [];
        }),
      );
      const large = (2 * w) / inside.width > 3;
      for (const k of [0, 1, 2]) {
        const near = large ? [rgba(inside, x, y)[k]!] : around.map((color) => color[k]!);
        assert.ok(
          own[k]! >= Math.min(...near) - 2 && own[k]! <= Math.max(...near) + 2,
          `picture ${i} at ${x}, ${y} in the PNG of ${view}: ${own.join()} and not ${near.join()}`,
        );
      }
      looked++;
    }
  }
  assert.ok(looked > 8, `${looked} places of ${view}`);
}

/** Parsed in a page of its own: that of the inspector forbids inline styles, in what it parses too. */
async function wellFormed(frame: Frame, xml: string): Promise<boolean> {
  const blank = await frame.page().context().newPage();
  try {
    return await blank.evaluate(
      (text) =>
        new DOMParser().parseFromString(text, 'image/svg+xml').getElementsByTagName('parsererror').length ===
        0,
      xml,
    );
  } finally {
    await blank.close();
  }
}

function numbersIn(npy: Uint8Array): Numbers {
  const { shape, data } = parseNpy(npy, 'samples');
  return { shape, data: Float32Array.from(data as ArrayLike<number>) };
}

/** What is saved is what is copied, but for edges that are smoothed anew. Compared where one of them is no background. */
function samePicture(saved: Raster, copied: Raster, what: string): void {
  assert.deepEqual([saved.width, saved.height], [copied.width, copied.height], what);
  let ink = 0;
  let differing = 0;
  saved.data.forEach((v, i) => {
    if (v === saved.data[i % 4] && copied.data[i] === copied.data[i % 4]) return;
    ink++;
    if (Math.abs(v - copied.data[i]!) > 2) differing++;
  });
  assert.ok(ink > 4 * saved.width, `${ink} bytes of ink in ${what}`);
  assert.ok(differing < ink / 100, `${differing} of ${ink} differ in ${what}`);
}

/** What is saved as float32, and the same in a table, which writes −0 as 0. */
function same(array: Float32Array, column: readonly number[], what: string): void {
  assert.equal(array.length, column.length, what);
  array.forEach((v, i) => assert.ok(v === Math.fround(column[i]!), `${what} ${i}: ${v} and ${column[i]}`));
}

function close(actual: Numbers, expected: Numbers, what: string): void {
  assert.deepEqual([...actual.shape], [...expected.shape], what);
  actual.data.forEach((v, i) =>
    near(v, expected.data[i]!, 1e-3 * (1 + Math.abs(expected.data[i]!)), `${what}, value ${i}:`),
  );
}
