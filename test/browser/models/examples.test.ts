/**
 * Any example in: of the data, a sample, numbers, files; what each costs, where, and among which others. Numbers are those of
 * the command line, pixels those of the color maps.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import sharp from 'sharp';
import { encodeNpy } from '../../../src/data/npy';
import { readNpz } from '../../unit/support/npz';
import { grayScale, signedScale } from '../../../webview/base/canvas/color-maps';
import { until } from '../../inspector/until';
import { costsOf, flowscope, scoreRows, type Parts, type Scores } from '../../inspector/command-line';
import {
  examplesOf,
  folder as modelFolder,
  isImage,
  type Model,
  openModel,
  pickSample,
  showTab,
  triedOn,
} from '../../inspector/models';
import {
  cells,
  eventually,
  isLight,
  near,
  parseNumber,
  pixels,
  result,
  untilResult,
} from '../../inspector/frame';
import { cool, coolSamples } from '../../inspector/take';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

const folder = (...names: string[]) => modelFolder('examples', ...names);
const sizeOf = ({ shape }: Model) => shape.reduce((a, b) => a * b, 1);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const moments = (values: readonly number[]) => {
  const mean = sum(values) / values.length;
  return { mean, deviation: Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / values.length) };
};

/** Anything between 0 and 1, the same each time. */
const noise = (n: number, of: number) =>
  Float32Array.from({ length: n }, (_, i) => {
    const x = Math.sin(12.9898 * i + 78.233 * of) * 43758.5453;
    return 0.001 + 0.998 * (x - Math.floor(x));
  });

/** Each row many times, with other noise each time, as pixels get it. */
const copies = 100;
function noisy(row: ArrayLike<number>): Float32Array[] {
  return Array.from({ length: copies }, (_, of) => noise(row.length, of).map((u, i) => row[i]! + u));
}

const scoresBy = (model: Model, name: string, rows: readonly Float32Array[]) =>
  scoreRows(model.file(), model.shape, folder(`${name}.npy`), rows);
const costsBy = async (...given: Parameters<typeof scoresBy>) => costsOf(await scoresBy(...given));

/** Of the logit with which both our flows and the peer's begin: of the share of white, p. */
const share = (model: Model, value: number) => 0.05 + (0.9 * value) / model.levels!;

/** What samples cost, whose pixels may lie a little outside of what a file may hold: by their logits. */
async function costsOfSamples(model: Model, rows: readonly Float32Array[]): Promise<number[]> {
  if (!isImage(model)) return costsBy(model, 'samples', rows);
  const size = sizeOf(model);
  const shares = rows.flatMap((row) => [...row].map((value) => share(model, value)));
  const file = folder('logits.npy');
  const data = Float32Array.from(shares, (p) => Math.log(p / (1 - p)));
  writeFileSync(file, encodeNpy({ shape: [rows.length, ...model.shape], data }));
  const { nats } = await flowscope<Scores>(
    ...['score', model.file(), '--input', file, '--layout', 'nhwc', '--space', 'flow'],
  );
  return nats.map((flow, i) => {
    const slopes = sum(shares.slice(i * size, (i + 1) * size).map((p) => Math.log(0.9 / (p * (1 - p)))));
    return (flow - slopes + size * Math.log(model.levels!)) / (size * Math.LN2);
  });
}

describe('any example', () => {
  let editor: InspectorWindow;

  inWindow(
    async (window) => {
      editor = window;
    },
    { files: folder },
  );

  for (const model of triedOn) {
    const image = isImage(model);
    const data = model.steps.length > 0;
    const [height, width, channels] = model.shape as [number, number, number];
    /** Within what pixels can be, between the integers; near the points of a plane. */
    const given = image
      ? noise(sizeOf(model), 3).map((u, i) => 0.25 + (model.levels! - 1) * Math.abs(Math.sin(i / 5)) + u / 8)
      : Float32Array.of(0.4375, -0.71875);

    const inTheBar = async (frame: Frame, values: ArrayLike<number>) => {
      const scale = grayScale(model.levels! - 1);
      await until('the picture in the bar', async () => {
        const shown = await pixels(frame, '.bar canvas[data-name=input]').catch(() => []);
        return (
          shown.length === height * width &&
          shown.every((rgb, i) =>
            rgb.every((shade, c) => {
              const value = values[i * channels + (channels === 3 ? c : 0)]!;
              return Math.abs(shade - scale.at(value)[0]) <= 1;
            }),
          )
        );
      });
    };
    /** The number in the bar is one of those that noise makes of these pixels. */
    const inTheSpread = async (frame: Frame, costs: readonly number[]) => {
      const { mean, deviation } = moments(costs);
      assert.ok(deviation < 0.3, `noise changes the costs by ${deviation}`);
      await until(`${mean} ± ${deviation} in the bar`, async () => {
        return Math.abs((await result(frame).catch(() => NaN)) - mean) < 5 * deviation + 0.01;
      });
    };
    const give = async (frame: Frame, name: string, buffer: Uint8Array) => {
      await frame
        .locator('input[data-name=example-file]')
        .setInputFiles({ name, mimeType: '', buffer: Buffer.from(buffer) });
    };
    const named = (frame: Frame, name: string) =>
      frame.locator('.bar .selected-value', { hasText: name }).waitFor();

    it(`is taken by ${model.name}, of the data, sampled, typed, browsed for, dropped, and says where it costs`, async () => {
      const index = 11;
      const [row] = data ? await examplesOf(model, 'validation', [index]) : [];
      const shades = Uint8Array.from({ length: sizeOf(model) }, (_, i) => (i * 37) % 256);
      const dropped = image
        ? Float32Array.from(shades, (shade) => Math.floor((shade * model.levels!) / 256))
        : Float32Array.of(-0.25, 0.5);
      // Pixels of the data and of a picture get noise, points do not.
      const many = image ? noisy : (one: Float32Array) => [one];
      const [frame, samples, scored, others] = await Promise.all([
        openModel(editor, model),
        drawSamples(model),
        scoresBy(model, 'given', [given]),
        costsBy(model, 'others', [...many(dropped), ...(row ? many(row) : [])]),
      ]);
      const half = many(dropped).length;

      if (row) {
        const field = frame.locator('.bar vscode-text-field[title^="Index of the example"] input');
        await field.fill(String(index));
        await field.press('Enter');
        if (image) {
          await inTheBar(frame, row);
          await inTheSpread(frame, others.slice(half));
        } else await untilResult(frame, others[half]!);
      }

      const chosen = samples[await chooseSample(frame, model, samples)]!;
      await named(frame, 'A sample');
      const [sampled] = await costsOfSamples(model, [chosen]);
      await untilResult(frame, sampled!);
      if (image) await inTheBar(frame, chosen);

      const [cost] = costsOf(scored);
      if (!image) {
        await choose(frame, 'Where the example comes from', 'Typed values');
        const field = frame.locator('.bar vscode-text-field input');
        await until('the values of the sample', async () => /,/.test(await field.inputValue()));
        await field.fill('1, two');
        await field.press('Enter');
        await frame.locator('.bar').getByText('2 numbers are expected').waitFor();
        near(await result(frame), sampled!, 0.0051, 'the number is the same as before');
        // What is passed over in less than half a second is none of the places that lead back.
        await editor.page.waitForTimeout(600);
        await field.fill([...given].join(' '));
        await field.press('Enter');
        await untilResult(frame, cost!);
        await frame.locator('.bar').getByText('2 numbers are expected').waitFor({ state: 'detached' });
        const again = frame.getByRole('button', { name: /^Back to the earlier/ });
        await again.click();
        await untilResult(frame, sampled!);
      }
      if (image) await give(frame, 'given.npy', encodeNpy({ shape: model.shape, data: given }));
      else await give(frame, 'given.csv', Buffer.from(`${given.join(',')}\n`));
      await named(frame, image ? 'given.npy' : 'given.csv');
      await untilResult(frame, cost!);
      if (image) await inTheBar(frame, given);
      await showTab(frame, '.diag', image ? 'By pixel' : 'By feature');
      await (image ? costsByPixel : costsByFeature)(frame, model, given, scored);

      // What is refused changes nothing, and says why.
      const alert = frame.locator('.file-note[role=alert]');
      const refused = [
        [
          'notes.txt',
          Buffer.from('no picture, no number'),
          image ? /is not a PNG/ : /"no"|where a number|numbers/,
        ],
        [
          'long.npy',
          encodeNpy({ shape: [sizeOf(model) + 1], data: new Float32Array(sizeOf(model) + 1) }),
          image
            ? new RegExp(`expected one example of ${model.shape.join('×')}`)
            : /expected one example of 2/,
        ],
        [
          'outside.npy',
          encodeNpy({ shape: model.shape, data: given.map((v, i) => (i === 1 ? (image ? 1e4 : NaN) : v)) }),
          image ? new RegExp(`pixel value 10000; expected 0 to ${model.levels}`) : /not finite/,
        ],
      ] as const;
      for (const [name, bytes, why] of refused) {
        await give(frame, name, bytes);
        await alert.filter({ hasText: `${name} was not read` }).waitFor();
        assert.match(await alert.innerText(), why);
        near(await result(frame), cost!, 0.0051, `after ${name} was refused`);
        await named(frame, image ? 'given.npy' : 'given.csv');
      }

      if (image) {
        const raw = { height, width, channels: channels as 1 | 3 };
        await drop(frame, 'dropped.png', await sharp(shades, { raw }).png().toBuffer());
        await named(frame, 'dropped.png');
        // What sharp writes of one channel has three, all alike.
        const extent = `${height}×${width}`;
        const read = channels === 1 ? `${extent} color, taken as ${extent} gray` : `${extent} color`;
        await frame.locator('[data-note=read]', { hasText: `${read}, ${model.levels} levels.` }).waitFor();
        await inTheBar(frame, dropped);
        await inTheSpread(frame, others.slice(0, half));
      } else {
        await drop(frame, 'dropped.csv', Buffer.from(`x,y\n${dropped.join(',')}\n`));
        await named(frame, 'dropped.csv');
        await untilResult(frame, others[0]!);
      }
      assert.equal(await alert.count(), 0);
    });

    it(`stands among others with ${model.name}: train, validation, and data of the user's`, async () => {
      const own = await writeOwn(model);
      const [first] = data && image ? await examplesOf(model, 'validation', [0]) : [];
      const splits = data ? (['validation', 'train'] as const) : [];
      const [frame, costs, spread, ...bySplit] = await Promise.all([
        openModel(editor, model),
        ownCosts(model, own.rows),
        first ? costsBy(model, 'first', noisy(first)) : [0],
        ...splits.map((split) => flowscope<Scores>('score', model.file(), '--split', split)),
      ]);
      const { deviation } = moments(spread);
      await showTab(frame, '.gallery', 'Examples');
      const covered = (text: string) => frame.locator('.gallery [data-covered]', { hasText: text }).waitFor();
      const order = (name: string) => choose(frame, 'Order of the examples', name);
      await frame.locator('.gallery').getByRole('button', { name: 'Own…' }).click();
      await frame.getByRole('menuitem', { name: image ? 'Folder of images…' : 'File of examples…' }).click();
      await editor.chooseFile(own.path);
      const ownName = path.basename(own.path);
      await covered(`All ${own.rows.length} scored.`);
      const listed = async (name: string) => {
        const labels = await frame.locator(`.gallery button[aria-label^="${name} "]`).evaluateAll((buttons) =>
          // Not those that stand until others come.
          buttons.flatMap((button) =>
            button.closest('[aria-busy=true]') ? [] : [button.getAttribute('aria-label')!],
          ),
        );
        return labels.map((label) => {
          const [, index, cost, rank, n] =
            /^\S+ (\d+), ([\d.,−]+) .*, number (\d+) of (\d+)$/.exec(label) ?? [];
          return { index: Number(index), cost: parseNumber(cost!), rank: Number(rank), n: Number(n) };
        });
      };

      const ranked: Awaited<ReturnType<typeof listed>> = [];
      for (const [name, sign] of [
        ['least likely first', -1],
        ['most likely first', 1],
      ] as const) {
        await order(name);
        // Two that cost nearly the same may change places with the noise; what each costs is compared below.
        const list = await until(`the order: ${name}`, async () => {
          const found = await listed(ownName);
          const sorted = found.every(({ cost }, i) => i === 0 || sign * (cost - found[i - 1]!.cost) >= 0);
          return sorted && new Set(found.map(({ index }) => index)).size === costs.length && found;
        });
        ranked.splice(0, ranked.length, ...list);
        list.forEach(({ index, cost, rank, n }, i) => {
          const { mean, tolerance } = costs[index]!;
          near(cost, mean, tolerance, `what ${index} costs`);
          assert.deepEqual([rank, n], [i + 1, own.rows.length]);
        });
      }

      // The most likely but two: so many of the user's are more likely.
      const third = ranked[2]!;
      await frame.locator(`.gallery button[aria-label^="${ownName} ${third.index}, "]`).click();
      await untilResult(frame, third.cost);
      await named(frame, ownName);
      if (image) await inTheBar(frame, own.rows[third.index]!);
      const rank = frame.locator('[data-rank]');
      const of = async (name: string) => {
        const text = await until(`${name} in the rank`, async () => {
          const found = new RegExp(`(none|all|(?:(?:less|more) than )?\\d+%) of ${name}`).exec(
            (await rank.textContent()) ?? '',
          );
          return found?.[1];
        });
        const ends: Record<string, number> = {
          none: 0,
          'less than 1%': 0.005,
          'more than 99%': 0.995,
          all: 1,
        };
        return ends[text] ?? Number.parseInt(text) / 100;
      };
      near(await of(ownName), 2 / own.rows.length, 0.0051, "the rank among the user's");
      const shown = await result(frame);
      for (const [k, split] of splits.entries()) {
        const all = costsOf(bySplit[k]!);
        await frame.locator('.gallery').getByRole('radio', { name: split }).click();
        await order('least likely first');
        const seen = await until(`${split} by likelihood`, async () => {
          const found = await listed(split);
          const falls = found.every(({ cost }, i) => i === 0 || cost <= found[i - 1]!.cost);
          return found.length > 1 && falls && found[0]!.cost > found.at(-1)!.cost && found;
        });
        const { n } = seen[0]!;
        await covered(
          n === all.length ? `All ${count(n)} scored.` : `${count(n)} of ${count(all.length)} scored.`,
        );
        const scored = all.slice(0, n);
        // The noise of pixels is another by the command line.
        const tolerance = image ? 8 * deviation : 0.0051;
        for (const { index, cost } of seen) near(cost, scored[index]!, tolerance, `${split} ${index}`);
        assert.ok(scored[seen[0]!.index]! >= Math.max(...scored) - 2 * tolerance, 'the least likely');
        if (!image) {
          const wanted = [...scored.keys()].sort((a, b) => scored[b]! - scored[a]!);
          assert.deepEqual(
            seen.map(({ index }) => index),
            wanted.slice(0, seen.length),
          );
        }
        const below = (than: number) => scored.filter((cost) => cost < than).length / n;
        const part = await of(split);
        assert.ok(
          part >= below(shown - tolerance) - 0.0051 && part <= below(shown + tolerance) + 0.0051,
          `less likely than ${part} of ${split}, ${below(shown)} by the command line`,
        );
      }
    });
  }
});

const count = (n: number) => n.toLocaleString('en-US');

/** Pictures from smooth to rough in a folder, or points from within to far out in a table. */
async function writeOwn(model: Model): Promise<{ path: string; rows: Float32Array[] }> {
  const n = 9;
  // Not in the order of likelihood.
  const size = Array.from({ length: n }, (_, i) => ((i * 4) % n) / (n - 1));
  if (!isImage(model)) {
    const rows = size.map((s, i) => Float32Array.of(0.5 + 3 * s, 0.25 - 2 * s + i / 64));
    const file = folder('points.csv');
    writeFileSync(file, `a,b\n${rows.map((row) => row.join(',')).join('\n')}\n`);
    return { path: file, rows };
  }
  const [height, width, channels] = model.shape as [number, number, 1 | 3];
  const { levels = 256 } = model;
  const root = folder('pictures');
  mkdirSync(root, { recursive: true });
  const rows: Float32Array[] = [];
  for (const [i, s] of size.entries()) {
    const row = noise(height * width * channels, i).map((u) =>
      Math.floor(levels * (0.5 + 0.999 * (u - 0.5) * (0.05 + 0.95 * s))),
    );
    rows.push(row);
    // The middle of the shades that become this level.
    const bytes = Uint8Array.from(row, (level) => Math.floor(((level + 0.5) * 256) / levels));
    await sharp(bytes, { raw: { height, width, channels } })
      .png()
      .toFile(path.join(root, `${i}.png`));
  }
  return { path: root, rows };
}

/** What they cost by the command line, and how near to it a cost with other noise is. */
async function ownCosts(model: Model, rows: readonly Float32Array[]) {
  if (!isImage(model)) {
    const costs = await costsBy(model, 'own-rows', rows);
    // Two decimals are shown; a float32 of another batch may differ in its last digits.
    return costs.map((mean) => ({ mean, deviation: 0, tolerance: 0.0051 + 2e-6 * Math.abs(mean) }));
  }
  const costs = await costsBy(
    model,
    'own-rows',
    rows.flatMap((row) => noisy(row).slice(0, 20)),
  );
  return rows.map((_, i) => {
    const { mean, deviation } = moments(costs.slice(20 * i, 20 * (i + 1)));
    return { mean, deviation, tolerance: 6 * deviation + 0.0051 };
  });
}

/** Standardization costs the logarithm of the deviation of the data that were trained on. */
async function deviations(model: Model, costs: readonly number[]): Promise<void> {
  const rows = await examplesOf(model, 'train');
  costs.forEach((cost, f) => {
    const { deviation } = moments(rows.map((row) => row[f]!));
    near(cost, Math.log(deviation), 0.0101, `the preprocessing of feature ${f}`);
  });
}

/** Reads the table of what each feature costs in which part. */
async function costsByFeature(
  frame: Frame,
  model: Model,
  given: Float32Array,
  { mean, ...scores }: Scores & Parts,
): Promise<void> {
  const [cost] = costsOf(scores);
  await frame.locator('[data-feature="1"]').waitFor();
  const table = frame.locator('.diag .rows-table');
  const heads = (await table.locator('th').allInnerTexts()).slice(2);
  const rows = await table
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('td')].slice(1).map((cell) => cell.textContent)),
    );
  const numbers = rows.map((row) => row.map(parseNumber));
  numbers.forEach(([x, all, ...parts], f) => {
    near(x!, given[f]!, 0.0051, `x of feature ${f}`);
    near(sum(parts), all!, 0.0051 * (parts.length + 1), `parts of feature ${f}`);
  });
  const columns = Object.fromEntries(heads.map((head, k) => [head, sum(numbers.map((row) => row[k + 1]!))]));
  near(-columns['all parts']!, cost!, 0.0101, 'the sum over the features');
  near(columns['log p(z)']!, mean.prior, 0.0101, 'the prior of both');
  near(columns['couplings']!, mean.couplings, 0.0101, 'the couplings of both');
  near(columns['batch norm'] ?? 0, mean.norm, 0.0101, 'batch norm of both');
  near(columns['preprocessing']!, mean.preprocessing, 0.0101, 'the preprocessing of both');
  if (model.steps.length > 0)
    await deviations(
      model,
      numbers.map((row) => -row.at(-2)!),
    );
}

/** Reads every pixel of the map of all parts by pointing at it; Σ, the mean and the colors are those of the numbers. */
async function costsByPixel(
  frame: Frame,
  model: Model,
  given: Float32Array,
  { mean, ...scores }: Scores & Parts,
): Promise<void> {
  const [height, width, channels] = model.shape as [number, number, number];
  const [cost] = costsOf(scores);
  const size = sizeOf(model);
  const map = (name: string) => `figure[data-cost="${name}"]`;
  await frame.locator(`${map('all parts')} canvas`).waitFor();
  const readout = await frame.locator(map('all parts')).evaluate(
    async (figure, [rows, columns]) => {
      const canvas = figure.querySelector('canvas')!;
      const box = canvas.getBoundingClientRect();
      const found: string[] = [];
      for (let i = 0; i < rows * columns; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const clientX = box.left + ((column + 0.5) / columns) * box.width;
        const clientY = box.top + ((row + 0.5) / rows) * box.height;
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, bubbles: true }));
        const says = `row ${row}, column ${column}: `;
        const output = document.querySelector('.cost-head .readout')!;
        const end = performance.now() + 10_000;
        while (!output.textContent.startsWith(says)) {
          if (performance.now() > end)
            throw new Error(`${output.textContent} where ${says} is, in ${box.width}×${box.height}`);
          await new Promise((resolve) => setTimeout(resolve));
        }
        found.push(output.textContent.slice(says.length));
      }
      return found;
    },
    [height, width] as const,
  );
  const bits = readout.map((text) => parseNumber(text.replace(' bits', '')));
  const [total, perDim] = (await frame.locator('[data-cost-sum]').innerText())
    .match(/[\d.,−]*\d/g)!
    .map(parseNumber);
  near(-perDim!, cost!, 0.0051, 'the sum per dimension');
  near(sum(bits), total!, 0.0051 * bits.length + 0.051, 'the sum of the pixels');
  near(-sum(bits) / size, cost!, 0.0051 + 0.0051 / channels, 'the mean of the pixels');

  const captions: Record<string, number> = Object.fromEntries(
    await Promise.all(
      (await frame.locator('figure[data-cost]').all()).map(async (figure): Promise<[string, number]> => [
        (await figure.getAttribute('data-cost'))!,
        parseNumber((await figure.locator('.num').innerText()).replace('mean', '')),
      ]),
    ),
  );
  const inBits = (nats: number) => nats / (size * Math.LN2);
  near(-captions['all parts']!, cost!, 0.0051, 'all parts');
  near(captions['log p(z)']!, inBits(mean.prior), 0.0051, 'prior');
  near(captions['couplings']!, inBits(mean.couplings), 0.0051, 'couplings');
  near(captions['batch norm'] ?? 0, inBits(mean.norm), 0.0051, 'batch norm');
  near(
    captions['preprocessing, levels']!,
    inBits(mean.preprocessing + mean.quantization),
    0.0051,
    'preprocessing',
  );

  const colored = async (name: string, values: readonly number[]) => {
    const legend = await frame.locator('.cost-legend .legend').innerText();
    const scale = signedScale(parseNumber(legend.split(/\s+/).at(-2)!), await isLight(frame));
    const colors = await cells(frame, `${map(name)} canvas`, height, width);
    values.forEach((value, i) =>
      scale.at(value).forEach((shade, c) => near(colors[i]![c]!, shade, 3, `${name}, pixel ${i}`)),
    );
  };
  await colored('all parts', bits);
  // What the logit and the levels cost is known without the flow.
  const preprocessing = Array.from(given, (value) => {
    const p = share(model, value);
    return (Math.log(0.9 / (p * (1 - p))) - Math.log(model.levels!)) / Math.LN2;
  });
  await colored(
    'preprocessing, levels',
    bits.map((_, i) => sum(preprocessing.slice(i * channels, (i + 1) * channels))),
  );
  if (channels !== 3) return;
  await frame.locator('.cost-head').getByRole('radio', { name: 'G', exact: true }).click();
  await eventually(() =>
    colored(
      'preprocessing, levels',
      bits.map((_, i) => preprocessing[3 * i + 1]!),
    ),
  );
}

/** The samples of the gallery, those of pictures at a lower temperature, drawn by the command line. */
async function drawSamples(model: Model): Promise<Float32Array[]> {
  const file = folder('samples.npz');
  const [count, temperature] = isImage(model) ? [25, cool] : [500, 1];
  const layout = isImage(model) ? ['--layout', 'nhwc'] : [];
  await flowscope(
    ...['sample', model.file(), '--output', file, '--seed', '7', ...layout],
    ...['--count', String(count), '--temperature', String(temperature)],
  );
  const x = (await readNpz(file)).array('x').data as Float32Array;
  return Array.from({ length: count }, (_, i) => x.slice(i * sizeOf(model), (i + 1) * sizeOf(model)));
}

/** Makes a sample of the gallery the example, and says which. */
async function chooseSample(frame: Frame, model: Model, samples: readonly Float32Array[]): Promise<number> {
  if (isImage(model)) {
    // Where a flow that has hardly learned saturates the logit, float32 does not say what a pixel costs.
    const index = samples.findIndex((row, i) => {
      return i > 0 && row.every((value) => Math.abs(share(model, value) - 0.5) < 0.4995);
    });
    assert.ok(index > 0, 'a sample with finite costs');
    await coolSamples(frame);
    await frame.getByRole('button', { name: `Sample ${index + 1}`, exact: true }).click();
    await frame.locator('.gallery').getByRole('button', { name: 'Use as example' }).click();
    return index;
  }
  const index = await pickSample(frame);
  await frame.locator('.plane-probe').getByRole('button', { name: 'Use as example' }).click();
  return index;
}

async function choose(frame: Frame, title: string, option: string): Promise<void> {
  await frame.locator(`vscode-dropdown[title="${title}"]`).click();
  await frame.locator('vscode-option:visible', { hasText: option }).click();
}

/** As the browser would: a file in the data of a drop. */
async function drop(frame: Frame, name: string, content: Uint8Array): Promise<void> {
  await frame.evaluate(
    ([fileName, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], fileName));
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
      );
    },
    [name, [...content]] as const,
  );
}
