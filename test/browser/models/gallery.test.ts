/** The gallery's samples, latents, interpolations and nearest examples against the command line and the data. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import type { DataConfig } from '../../../src/config/schema';
import type { Dataset } from '../../../src/data/dataset';
import { openDataset } from '../../../src/data/open/open';
import { memoryExamples } from '../../../src/data/records';
import { holdOut } from '../../../src/data/split';
import { signedScale } from '../../../webview/base/canvas/color-maps';
import { until } from '../../inspector/until';
import { apply, arrays, type Numbers } from '../../inspector/command-line';
import { isImage, type Model, openModel, root, showTab, triedOn, untilWords } from '../../inspector/models';
import { drawn, near, parseNumber, pixels, value } from '../../inspector/frame';
import { apart, colorsOf, example, picturesOf, untilPictures } from '../../inspector/pictures';
import { copyNumbers, slide } from '../../inspector/take';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

const samples = '.gallery canvas[data-name=sample]';

describe('the gallery', () => {
  let editor: InspectorWindow;

  inWindow(async (window) => {
    editor = window;
  });

  const gallery = (frame: Frame) => frame.locator('.gallery');
  const write = async (frame: Frame, field: string, typed: string): Promise<void> => {
    const input = gallery(frame).locator(`vscode-text-field[title="${field}"] input`);
    await input.fill(typed);
    await input.press('Enter');
  };
  const choose = async (frame: Frame, dropdown: string, option: string): Promise<void> => {
    await gallery(frame).locator(`vscode-dropdown[title="${dropdown}"]`).click();
    await frame.locator('vscode-option:visible').filter({ hasText: option }).first().click();
  };
  const drawnBy = (model: Model, options: Record<string, string | number>) =>
    arrays<'x' | 'z'>('sample', model.file(), options);
  const latentsAt = ({ shape }: Model, data: Float32Array): Numbers => ({
    shape: [data.length / shape.reduce((a, b) => a * b), ...shape],
    data,
  });

  for (const model of triedOn) {
    const size = model.shape.reduce((a, b) => a * b);
    const all = (x: Numbers) => Array.from({ length: x.shape[0]! }, (_, i) => example(model, x.data, i));

    if (isImage(model)) {
      it(`draws of ${model.name} what the command line draws`, async () => {
        const [frame, seven, eleven, { scales }] = await Promise.all([
          openModel(editor, model),
          drawnBy(model, { count: 25, seed: 7, temperature: 1 }),
          drawnBy(model, { count: 25, seed: 11, temperature: 1 }),
          arrays<'scales'>('reconstruct', model.file(), { examples: '0' }),
        ]);
        await write(frame, 'Seed', '11');
        const others = await untilPictures(frame, samples, model, all(eleven.x));
        await write(frame, 'Seed', '7');
        const first = await untilPictures(frame, samples, model, all(seven.x));
        assert.ok(
          others.every((own, i) => apart(own, first[i]!) > 8),
          'another seed, other samples',
        );
        await choose(frame, 'Number of samples', '3×3');
        const nine = await untilPictures(frame, samples, model, all(seven.x).slice(0, 9));
        assert.deepEqual(nine, first.slice(0, 9), 'the same seed, the same pixels');

        // Truncation: of all latents, of the coarse ones alone, of none.
        const latents = example(model, seven.z.data, 0);
        const bound = gallery(frame).getByRole('slider', { name: 'Truncation', exact: true });
        await bound.focus();
        await bound.press('Home');
        const ofAll = await bounded('all', () => true);
        await bound.focus();
        await bound.press('End');
        assert.deepEqual(await untilPictures(frame, samples, model, all(seven.x).slice(0, 9)), nine);
        await gallery(frame).locator('.by-scale summary').click();
        const coarse = gallery(frame).getByRole('slider', { name: 'Truncation of scale 2' });
        await coarse.focus();
        await coarse.press('Home');
        const ofCoarse = await bounded('the coarse', (i) => scales.data[i] === 1);

        // Nothing but the mode is left at temperature 0.
        const temperature = gallery(frame).getByRole('slider', { name: 'Temperature', exact: true });
        await temperature.focus();
        await temperature.press('Home');
        await until(
          'one picture',
          async () => new Set((await picturesOf(frame, samples)).map(String)).size === 1,
        );
        const drawn = [
          ofAll,
          ofCoarse,
          { z: new Float32Array(size), picture: (await picturesOf(frame, samples))[0]! },
        ];
        const { x } = await apply('inverse', model.file(), {
          shape: [3, ...model.shape],
          data: Float32Array.from(drawn.flatMap(({ z }) => [...z])),
        });
        drawn.forEach(({ picture }, i) =>
          assert.ok(
            apart(picture, colorsOf(model, example(model, x.data, i))) <= 1,
            `the picture of ${['truncated', 'coarsely truncated', 'no'][i]} latents`,
          ),
        );

        /** The first sample: its latents, within ±0.2 where they have to be and else as they were, and its picture. */
        async function bounded(what: string, limited: (latent: number) => boolean) {
          await until(`truncation of ${what}`, async () => {
            const [own] = await picturesOf(frame, samples);
            return own && apart(own, nine[0]!) > 8;
          });
          const [picture] = await picturesOf(frame, samples);
          await showTab(frame, '.gallery', 'Latents');
          await gallery(frame).getByRole('radio', { name: 'a sample' }).click();
          await gallery(frame).locator('canvas[data-name=edited]').waitFor();
          const table = await copyNumbers(frame, '.gallery');
          const z = Float32Array.from(table.column('z'));
          assert.deepEqual(
            table.column('scale'),
            Array.from(scales.data, (scale) => scale + 1),
          );
          const beyond = latents.map((latent, i) => Number(limited(i) && Math.abs(latent) > 0.2));
          z.forEach((latent, i) => {
            if (beyond[i]) assert.ok(Math.abs(latent) <= 0.2, `${what}: latent ${i} is ${latent}`);
            else near(latent, latents[i]!, 1e-6, `${what}: latent ${i}`);
          });
          assert.ok(beyond.includes(1));
          await showTab(frame, '.gallery', 'Samples');
          return { z, picture: picture! };
        }
      });

      it(`leads a sample of ${model.name} from z to x`, async () => {
        const { x, z } = await drawnBy(model, { count: 25, seed: 7, temperature: 1 });
        const frame = await openModel(editor, model);
        const large = '.gallery .morph-large canvas';
        await untilPictures(frame, large, model, [example(model, x.data, 0)]);
        await gallery(frame).getByRole('button', { name: 'Sample 3', exact: true }).click();
        await untilPictures(frame, large, model, [example(model, x.data, 2)]);
        const way = gallery(frame).getByRole('slider', { name: 'Way from z to x' });
        const last = Number(await way.getAttribute('max'));
        await way.focus();
        await way.press('Home');
        assert.equal(await gallery(frame).locator('[data-way="0"]').innerText(), 'z');
        // The latents, each in its place: the same colors in some order.
        const tiled = model.shape[2] === 3 ? size / 3 : 0;
        const shown = await cellsOf(frame, large, size + tiled);
        const light = await frame.evaluate(() => document.body.classList.contains('vscode-light'));
        const scale = signedScale(3, light);
        // Three channels leave a fourth tile empty.
        const latents = [...example(model, z.data, 2), ...new Float32Array(tiled)];
        assert.equal(
          shown.map(String).sort().join(' '),
          latents
            .map((latent) => String(scale.at(latent)))
            .sort()
            .join(' '),
        );
        // Every layer moves something, and the end is the sample.
        const seen = new Set<string>();
        for (let step = 0; step < 6; step++) {
          await gallery(frame).locator(`[data-way="${step}"]`).waitFor();
          seen.add(await drawn(frame, large));
          await way.press('ArrowRight');
        }
        assert.equal(seen.size, 6);
        await way.press('End');
        await untilPictures(frame, large, model, [example(model, x.data, 2)]);

        const play = gallery(frame).getByRole('button', { name: 'Play the way from z to x' });
        const pause = gallery(frame).getByRole('button', { name: 'Pause' });
        const at = async () => Number(await gallery(frame).locator('[data-way]').getAttribute('data-way'));
        await way.press('Home');
        await play.click();
        await until('a step by itself', async () => (await at()) >= 2);
        await pause.click();
        const stopped = await at();
        assert.ok(stopped < last, `stopped at ${stopped} of ${last}`);
        await slide(frame, 'Way from z to x', last - 1);
        await play.click();
        await gallery(frame).locator(`[data-way="${last}"]`).waitFor();
        await play.waitFor();

        // With less motion nothing plays; the steps are there.
        await editor.reduceMotion(true);
        try {
          await frame.locator('body.vscode-reduce-motion').waitFor({ state: 'attached' });
          await gallery(frame).getByRole('button', { name: 'Previous layer on the way' }).click();
          await gallery(frame)
            .locator(`[data-way="${last - 1}"]`)
            .waitFor();
          assert.equal(await play.count(), 0);
        } finally {
          await editor.reduceMotion(false);
        }
      });
    } else {
      it(`draws of ${model.name} what the command line draws`, async () => {
        const [frame, seven, eleven, cool, mode] = await Promise.all([
          openModel(editor, model),
          drawnBy(model, { count: 500, seed: 7, temperature: 1 }),
          drawnBy(model, { count: 500, seed: 11, temperature: 1 }),
          drawnBy(model, { count: 200, seed: 7, temperature: 0.5 }),
          apply('inverse', model.file(), latentsAt(model, new Float32Array(2))),
        ]);
        const board = '.gallery canvas[data-name=samples]';
        const rows = async (x: Float32Array): Promise<string> => {
          await until(`${x.length / 2} samples`, async () => {
            const { rows: lines, ...table } = await copyNumbers(frame, '.gallery');
            const found = table.values().flat();
            return (
              lines.length === x.length / 2 &&
              found.every((v, i) => Math.abs(v - x[i]!) < 1e-4 * (1 + Math.abs(v)))
            );
          });
          return drawn(frame, board);
        };
        const first = await rows(seven.x.data);
        await write(frame, 'Seed', '11');
        assert.notEqual(await rows(eleven.x.data), first);
        await write(frame, 'Seed', '7');
        assert.equal(await rows(seven.x.data), first);
        await choose(frame, 'Number of samples', '200');
        await slide(frame, 'Temperature', 0.5);
        await rows(cool.x.data);
        const temperature = gallery(frame).getByRole('slider', { name: 'Temperature', exact: true });
        await temperature.focus();
        await temperature.press('Home');
        await rows(Float32Array.from({ length: 400 }, (_, i) => mode.x.data[i % 2]!));
        await slide(frame, 'Temperature', 1);
        const bound = gallery(frame).getByRole('slider', { name: 'Truncation', exact: true });
        await bound.focus();
        await bound.press('Home');
        const truncated = await until('truncated samples', async () => {
          const table = await copyNumbers(frame, '.gallery');
          const { z } = await apply('forward', model.file(), {
            shape: [table.rows.length, 2],
            data: Float32Array.from(table.values().flat()),
          });
          return Math.max(...z.data.map(Math.abs)) <= 0.201 && z.data;
        });
        // As they were where they were near enough.
        const before = seven.z.data;
        const kept = [...truncated].filter(
          (_, i) => Math.abs(before[i]!) <= 0.2 && Math.abs(before[i]! - truncated[i]!) < 1e-3,
        );
        const within = [...before.subarray(0, 400)].filter((v) => Math.abs(v) <= 0.2);
        assert.equal(kept.length, within.length);
        await bound.focus();
        await bound.press('End');
        await rows(seven.x.data.subarray(0, 400));
      });
    }

    it(`changes latents of ${model.name}, and what comes of them`, async () => {
      const frame = await openModel(editor, model);
      await showTab(frame, '.gallery', 'Latents');
      await gallery(frame).locator('[data-changed="0"]').waitFor();
      await gallery(frame).locator('.edited-result').waitFor();
      const table = await copyNumbers(frame, '.gallery');
      const z = Float32Array.from(table.column('z'));
      assert.deepEqual(table.column('z_changed'), table.column('z'));
      const list = isImage(model) ? gallery(frame).locator('.latent-list button').nth(2) : undefined;
      await list?.click();
      const slider = gallery(frame).locator('.latent-slider input[type=range]').first();
      const read = gallery(frame).locator('.latent-slider [data-latent]').first();
      const element = Number(await read.getAttribute('data-latent'));
      near(parseNumber(await read.innerText()), z[element]!, 0.0051, 'the latent');
      const end = Number(await slider.getAttribute('max'));
      assert.ok(end >= 4, `${end}`);
      const [before, far, nearer] = await decoded(z, z.with(element, end), z.with(element, end - 0.05));
      await shows(before!);

      // While it is dragged, before it is let go.
      const { mouse } = editor.page;
      await slider.scrollIntoViewIfNeeded();
      const box = (await slider.boundingBox())!;
      await mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await mouse.down();
      await mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 4 });
      await until('another latent', async () => Number(await slider.inputValue()) > 1);
      await slid(Number(await slider.inputValue()));
      await mouse.up();
      await slider.press('End');
      await slid(end, far);
      // A step of the keys.
      await slider.press('ArrowLeft');
      await slid(end - 0.05, nearer);
      if (!isImage(model)) {
        const square = gallery(frame).locator('.latent-square');
        await square.scrollIntoViewIfNeeded();
        const board = (await square.boundingBox())!;
        const x = gallery(frame).locator('[data-x="1"]');
        const was = await x.innerText();
        await mouse.move(board.x + board.width * 0.25, board.y + board.height * 0.75);
        await mouse.down();
        await mouse.move(board.x + board.width * 0.75, board.y + board.height * 0.375, { steps: 4 });
        await until('x while z is dragged', async () => (await x.innerText()) !== was);
        await mouse.up();
        await gallery(frame).locator('[data-changed="2"]').waitFor();
        const now = Float32Array.from((await copyNumbers(frame, '.gallery')).column('z_changed'));
        near(now[0]!, 2, 0.08, 'z₁ under the pointer');
        near(now[1]!, 1, 0.08, 'z₂ under the pointer');
        await shows((await decoded(now))[0]!);
      }
      await gallery(frame).getByText('Reset', { exact: true }).click();
      await gallery(frame).locator('[data-changed="0"]').waitFor();
      await shows(before!);

      /** What the command line makes of latents. */
      async function decoded(...all: Float32Array[]): Promise<Decoded[]> {
        const stacked = latentsAt(model, Float32Array.from(all.flatMap((latents) => [...latents])));
        const { x, logdet } = await apply('inverse', model.file(), stacked);
        return all.map((latents, i) => {
          // ln p(x) is that of z less the log-det of the way from z to x.
          const prior = latents.reduce((sum, v) => sum - v ** 2 / 2 - Math.log(2 * Math.PI) / 2, 0);
          return { x: example(model, x.data, i), logDensity: prior - logdet.data[i]! };
        });
      }
      /** The slider is there, and what is shown is that of its latent among the others. */
      async function slid(latent: number, expected?: Decoded): Promise<void> {
        await gallery(frame).locator('[data-changed="1"]').waitFor();
        near(Number(await slider.inputValue()), latent, 1e-6, 'the slider');
        near(parseNumber(await read.innerText()), latent, 0.0051, 'the latent beside its slider');
        await shows(expected ?? (await decoded(z.with(element, latent)))[0]!);
      }
      async function shows({ x, logDensity }: Decoded): Promise<void> {
        if (isImage(model)) {
          await untilPictures(frame, '.gallery canvas[data-name=edited]', model, [x]);
          await untilPictures(frame, '.gallery canvas[data-name=before]', model, [before!.x]);
        } else
          for (const feature of [0, 1])
            await until(`x${feature + 1} = ${x[feature]}`, async () => {
              const said = await gallery(frame).locator(`[data-x="${feature}"]`).innerText();
              return Math.abs(parseNumber(said) - x[feature]!) < 0.0011 + 1e-4 * Math.abs(x[feature]!);
            });
        await until(`ln p(x) = ${logDensity}`, async () => {
          const said = parseNumber(await gallery(frame).locator('[data-log-p]').innerText());
          return Math.abs(said - logDensity) < 0.011 + 1e-5 * Math.abs(logDensity);
        });
        if (!isImage(model)) return;
        const bits = value(await gallery(frame).locator('[data-bits]').innerText());
        near(bits, -logDensity / (size * Math.LN2), 0.0011, 'bits/dim');
      }
    });

    it(`interpolates between four of ${model.name}`, async () => {
      const image = isImage(model);
      const source: Record<string, string | number> =
        model.steps.length > 0 ? { split: 'validation' } : { split: 'sample', seed: 7, temperature: 1 };
      const angles = image ? 8 : 48;
      const by = (range: string) =>
        arrays<'x' | 'z' | 'angles' | 'examples'>('interpolate', model.file(), {
          ...source,
          ...{ examples: '0,1,2,3', angles, range },
        });
      const [frame, circle, quarter] = await Promise.all([
        openModel(editor, model),
        by('circle'),
        by('quarter'),
      ]);
      await showTab(frame, '.gallery', 'Interpolate');
      const sheet = '.gallery canvas[data-name=manifold]';
      const ends = [0, angles - 1, angles * (angles - 1), angles * angles - 1];
      const cell = 2 * angles + 5;
      if (image) {
        const every = (x: Numbers): Float32Array[] =>
          Array.from({ length: x.data.length / size }, (_, i) => example(model, x.data, i));
        await untilPictures(frame, '.gallery canvas[data-name=corner]', model, every(circle.examples));
        await untilPictures(frame, sheet, model, every(circle.x));
        await gallery(frame).getByRole('radio', { name: 'quarter' }).click();
        const drawn = await untilPictures(frame, sheet, model, every(quarter.x));
        // The four examples stand at the corners of the sheet, up to the noise that a pixel was given.
        const step = model.steps.length > 0 ? 255 / (model.levels! - 1) + 1 : 1;
        ends.forEach((corner, k) =>
          assert.ok(
            apart(drawn[corner]!, colorsOf(model, example(model, quarter.examples.data, k))) <= step,
            `corner ${k}`,
          ),
        );
        await gallery(frame).locator('.thumbs.tight button').nth(cell).click();
      } else {
        const pictures = new Set<string>();
        for (const expected of [circle, quarter]) {
          if (expected === quarter) await gallery(frame).getByRole('radio', { name: 'quarter' }).click();
          const table = await until('the points of the sheet', async () => {
            if ((await frame.locator(sheet).count()) === 0) return undefined;
            const found = await copyNumbers(frame, '.gallery');
            return Math.abs(found.column('phi').at(-1)! - expected.angles.data.at(-1)!) < 1e-6 && found;
          });
          const points = table.values().flat();
          assert.equal(points.length, expected.x.data.length);
          points.forEach((v, i) => near(v, expected.x.data[i]!, 1e-3 * (1 + Math.abs(v)), `value ${i}`));
          pictures.add(await drawn(frame, sheet));
        }
        assert.equal(pictures.size, 2);
        for (const [k, end] of ends.entries())
          for (const feature of [0, 1]) {
            const given = quarter.examples.data[2 * k + feature]!;
            near(quarter.x.data[2 * end + feature]!, given, 1e-3 * (1 + Math.abs(given)), `corner ${k}`);
          }
        await slide(frame, 'Angle φ', 2);
        await slide(frame, 'Angle φ′', 5);
      }
      // A point that is picked says how long its latents are.
      const z = example(model, quarter.z.data, cell);
      const length = Math.sqrt(z.reduce((sum, v) => sum + v ** 2, 0));
      const degrees = (i: number) => `${Number(((180 * quarter.angles.data[i]!) / Math.PI).toFixed(1))}°`;
      const start = `φ ${degrees(2)}, φ′ ${degrees(5)}`;
      const words = await untilWords(frame, '.gallery [data-picked]', new RegExp(`^${start}`));
      near(value(words.split('|z|')[1]!), length, 0.0051, '|z|');

      if (!image) return;
      // The same four with their coarse latents alone, the others drawn anew.
      const { x, originals } = await arrays<'x' | 'originals'>('reconstruct', model.file(), {
        ...{ seed: 7, temperature: 1, ...source, examples: '0,1,2,3' },
      });
      await showTab(frame, '.gallery', 'Reconstruct');
      // The command line has one temperature for samples and for what is drawn anew.
      if (source['temperature'] !== undefined)
        await slide(frame, 'Temperature', Number(source['temperature']));
      const columns = x.shape[1]!;
      const rows = [0, 1, 2, 3].flatMap((row) => [
        example(model, originals.data, row),
        ...Array.from({ length: columns }, (_, k) => example(model, x.data, row * columns + k)),
      ]);
      await untilPictures(frame, '.gallery canvas[data-name=reconstruction]', model, rows);
    });

    if (model.steps.length > 0)
      it(`finds the training examples nearest to one of ${model.name}`, async () => {
        const { train: others, own } = await dataOf(model);
        const count = others.length / size;
        const frame = await openModel(editor, model);
        await showTab(frame, '.gallery', 'Nearest');
        await gallery(frame).locator(`[data-looked="${count}"]`).waitFor();
        const table = await copyNumbers(frame, '.gallery');
        const unit = isImage(model) ? [model.levels! - 1] : deviations(others, size);
        const distance = (i: number) =>
          Math.hypot(...Array.from(own, (v, k) => (others[i * size + k]! - v) / unit[k % unit.length]!));
        const order = Array.from({ length: count }, (_, i) => i)
          .map((i) => ({ i, far: distance(i) }))
          .sort((a, b) => a.far - b.far || a.i - b.i)
          .slice(0, 8);
        assert.deepEqual(
          table.column('train'),
          order.map(({ i }) => i),
        );
        table.column('distance').forEach((far, k) => near(far, order[k]!.far, 1e-5, `distance ${k}`));
        // The pixels or coordinates themselves, and the verdict.
        table
          .values()
          .forEach((found, k) =>
            assert.deepEqual(found, [...example(model, others, order[k]!.i)], `example ${order[k]!.i}`),
          );
        if (isImage(model)) {
          const shown = order.map(({ i }) => example(model, others, i));
          await untilPictures(frame, '.gallery canvas[data-name=nearest]', model, shown);
          await untilPictures(frame, '.gallery canvas[data-name=nearest-to]', model, [own]);
        }
        const said = value((await untilWords(frame, '.gallery [data-verdict]', /\d/)).split(' at ')[1]!);
        near(said, order[0]!.far, 0.0051, 'the nearest in words');
        // Chosen, it is no longer among its own nearest.
        const choices = isImage(model)
          ? gallery(frame).locator('.nearest-tiles button')
          : gallery(frame).locator('.rows-table tbody button');
        await choices.first().click();
        await until('its own nearest', async () => {
          const again = (await copyNumbers(frame, '.gallery')).column('train');
          return again.length === 8 && !again.includes(order[0]!.i);
        });
      });
  }
});

interface Decoded {
  x: Float32Array;
  logDensity: number;
}

/** The color of each cell of a map of so many cells. */
async function cellsOf(frame: Frame, selector: string, cells: number): Promise<number[][]> {
  const all = await pixels(frame, selector);
  const [width, height] = await frame
    .locator(selector)
    .evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height] as const);
  const side = Math.sqrt((width * height) / cells);
  return all.filter((_, i) => Math.floor(i / width) % side === 0 && (i % width) % side === 0);
}

/** All training examples of one of our runs and its first held out, read and split as its own configuration says. */
async function dataOf(model: Model): Promise<{ train: Float32Array; own: Float32Array }> {
  const run = path.dirname(path.dirname(model.file()));
  const { data } = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')) as { data: DataConfig };
  const dataset = model.name === 'digits' ? digits(data) : await openDataset(data, path.dirname(run));
  const { train, validation, close } = dataset;
  const all = await train.read(Array.from({ length: train.count }, (_, i) => i));
  const own = await validation.read([0]);
  await close?.();
  return { train: all, own };
}

function digits(config: DataConfig): Pick<Dataset, 'train' | 'validation'> & { close?: Dataset['close'] } {
  const packed = readFileSync(path.join(root(), 'media', 'data', 'digits.csv.gz'));
  const rows = gunzipSync(packed).toString('latin1').trim().split('\n');
  const pixels = rows.flatMap((row) => row.split(',').slice(0, 64).map(Number));
  return holdOut(memoryExamples(Uint8Array.from(pixels), 64), config, 'the digits');
}

function deviations(values: Float32Array, size: number): number[] {
  const n = values.length / size;
  return Array.from({ length: size }, (_, k) => {
    const own = [...values].filter((_, i) => i % size === k);
    const mean = own.reduce((a, b) => a + b) / n;
    return Math.sqrt(own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  });
}
