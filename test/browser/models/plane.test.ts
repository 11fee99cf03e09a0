/** Two-dimensional flows: density, samples, the bent grid, the points and one point's path, against the command line. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { encodeNpy } from '../../../src/data/npy';
import { squareAround, stageBounds, type PlaneBounds } from '../../../src/protocol/plane';
import { magnitudeScale, signedScale } from '../../../webview/base/canvas/color-maps';
import { until } from '../../inspector/until';
import { apply, arrays, score, type Numbers } from '../../inspector/command-line';
import { folder, isImage, models, openModel, triedOn } from '../../inspector/models';
import { cells, near, parseNumber, untilResult } from '../../inspector/frame';
import { rasterOf } from '../../inspector/rasters';
import { arraysIn, copyNumbers, saved } from '../../inspector/take';
import { inWindow } from '../support/in-window';
import type { InspectorWindow } from '../../inspector/window';

const board = '.layer canvas[data-name=plane]';

describe('the plane', () => {
  let editor: InspectorWindow;
  const at = (...names: string[]) => folder('plane', ...names);

  inWindow(
    async (window) => {
      editor = window;
    },
    { files: at },
  );

  const densityAt = async (model: string, points: number[][]): Promise<number[]> => {
    const file = at('points.npy');
    writeFileSync(file, encodeNpy({ shape: [points.length, 2], data: Float32Array.from(points.flat()) }));
    return (await score(model, file)).nats.map((nats) => Math.exp(-nats));
  };
  /** Goes to a stage by the slider and waits until its plane stands still. */
  const goTo = async (frame: Frame, stage: number): Promise<void> => {
    await frame.locator('.walk input[type=range]').fill(String(stage));
    await frame.locator(`.plane-board[data-stage="${stage}"][data-moving="false"]`).waitFor();
  };

  for (const model of triedOn.filter((each) => !isImage(each))) {
    it(`of ${model.name} has the density and the samples of the command line`, async () => {
      const { x: drawn } = await arrays<'x'>('sample', model.file(), { count: 500, seed: 7 });
      const frame = await openModel(editor, model);
      const table = await copyNumbers(frame, '.layer');
      const bounds = around(table.column('x1'), table.column('x2'));

      // Cells of the density a side, each of which is as many pixels as the gallery has room for.
      const side = 128;
      const density = await cells(frame, '.gallery canvas[data-name=density]', side, side);
      const p = await densityAt(model.file(), centres(bounds, side));
      const cell = ((bounds.x[1] - bounds.x[0]) / side) ** 2;
      const mass = p.reduce((a, b) => a + b) * cell;
      assert.ok(mass > 0.8 && mass < 1.02, `the density adds up to ${mass}`);
      const scale = magnitudeScale(Math.max(...p));
      p.forEach((value, i) =>
        assert.ok(colorApart(density[i]!, scale.at(value)) <= 3, `cell ${i} of the density`),
      );

      const samples = await pictureOf(frame, '.gallery canvas[data-name=samples]');
      inkWhere(samples, pairs(drawn.data), bounds, await inkOf(frame));
    });

    it(`of ${model.name} is bent and moved by every layer as by the flow`, async () => {
      const frame = await openModel(editor, model);
      const bytes = await saved(editor, frame, '.layer', 'Save NPZ');
      const all = arraysIn(bytes);
      const points = Object.keys(all).filter((name) => name.startsWith('points_'));
      const grids = points.map((name) => all[name.replace('points_', 'grid_')]!);
      const last = points.length - 1;
      const n = all[points[0]!]!.shape[0]!;
      const x = all[points[0]!]!;
      const z = await apply('forward', model.file(), x);
      close(all[points[last]!]!, z.z, 'the points in z');

      // The grid in z is even, and in x what the flow makes of it on its way back.
      const latent = grids[last]!;
      const side = latent.shape[0]!;
      const flat = { shape: [side * side, 2], data: latent.data };
      const [from, to] = [latent.data[0]!, latent.data.at(-2)!];
      for (let i = 0; i < side * side; i++)
        near(
          Math.abs(latent.data[2 * i]!),
          Math.abs(from + ((to - from) * (i % side)) / (side - 1)),
          1e-4,
          'node',
        );
      const back = await apply('inverse', model.file(), flat);
      close({ ...grids[0]!, shape: flat.shape }, back.x, 'the grid in x');

      // A coupling leaves one coordinate as it is.
      const names = points.map((name) => name.slice('points_'.length));
      for (let k = 1; k <= last; k++) {
        const [before, after] = [all[points[k - 1]!]!.data, all[points[k]!]!.data];
        const moved = [0, 1].map((axis) =>
          before.some((v, i) => i % 2 === axis && Math.abs(v - after[i]!) > 1e-6),
        );
        if (/coupling|transforms/.test(names[k]!) && moved.includes(false))
          assert.ok(moved.includes(true), `${names[k]} moves nothing`);
      }

      const ink = await inkOf(frame);
      for (let stage = 0; stage <= last; stage++) {
        await goTo(frame, stage);
        const here = all[points[stage]!]!;
        const bounds = stageBounds({ shape: [n, 2], data: here.data }, stage, last);
        await until(`the points after ${stage} layers`, async () => {
          const picture = await pictureOf(frame, board);
          return inkShare(picture, pairs(here.data), bounds, ink) > 0.97;
        });
        if (stage > 0) continue;
        // Where a cell lies once and nothing on it, it has the color of −log-det: what its area is against that in z.
        const picture = await pictureOf(frame, board);
        const light = await frame.evaluate(() => document.body.classList.contains('vscode-light'));
        const places = centres(bounds, 60);
        const { z: there, logdet } = await apply('forward', model.file(), {
          shape: [places.length, 2],
          data: Float32Array.from(places.flat()),
        });
        const reach = Math.max(from, to, -from, -to);
        const scale = signedScale(3, light);
        const seen = places.flatMap((place, i) => {
          const rgb = picture.at(onScreen(place, bounds, picture.side) ?? 0);
          const outside = Math.max(Math.abs(there.data[2 * i]!), Math.abs(there.data[2 * i + 1]!)) > reach;
          return outside || rgb[3]! < 160 || rgb[3]! > 0.86 * 255
            ? []
            : [{ rgb, expected: scale.at(-logdet.data[i]!) }];
        });
        // Cells have one color each: not that of every place in them, but much nearer to it than to that of another.
        const own = median(seen.map(({ rgb, expected }) => colorApart(rgb, expected)));
        const others = median(seen.map(({ rgb }, i) => colorApart(rgb, seen.at(-i)!.expected)));
        assert.ok(seen.length > 300, `${seen.length} places are seen alone`);
        assert.ok(own < 30 && own < 0.7 * others, `${own} from their colors, ${others} from others'`);
      }
    });

    it(`of ${model.name} follows a point from x to z`, async () => {
      const frame = await openModel(editor, model);
      const table = await copyNumbers(frame, '.layer');
      const [x1, x2] = [table.column('x1'), table.column('x2')];
      await goTo(frame, 0);
      const bounds = squareAround(
        { shape: [x1.length, 2], data: Float32Array.from(x1.flatMap((v, i) => [v, x2[i]!])) },
        0.002,
      );
      const box = (await frame.locator('.plane-board').boundingBox())!;
      await frame
        .locator('.plane-board')
        .click({ position: { x: box.width * 0.3, y: box.height * 0.4 }, modifiers: ['Shift'] });
      await frame.locator('[data-probe=point]').waitFor();
      const size = bounds.x[1] - bounds.x[0];
      const clicked = [bounds.x[0] + 0.3 * size, bounds.y[1] - 0.4 * size];
      const coordinates = frame.locator('.plane-probe vscode-text-field input');
      await until('the point under the pointer', async () => {
        const read = parseNumber(await coordinates.first().inputValue());
        return Math.abs(read - clicked[0]!) < 0.005 * size;
      });
      near(
        parseNumber(await coordinates.last().inputValue()),
        clicked[1]!,
        0.005 * size,
        'x₂ under the pointer',
      );
      await coordinates.first().fill('0.75');
      await coordinates.first().press('Enter');
      await until('the typed point', async () => (await rowsOf(frame))[0]?.[0] === 0.75);
      await coordinates.last().fill('-0.25');
      await coordinates.last().press('Enter');
      const rows = await until('the typed point', async () => {
        const found = await rowsOf(frame);
        return found[0]?.[0] === 0.75 && found[0][1] === -0.25 && found;
      });

      const {
        z,
        logdet,
        logdet_layers: parts,
      } = await apply('forward', model.file(), { shape: [1, 2], data: Float32Array.of(0.75, -0.25) });
      const end = rows.at(-1)!;
      near(end[0]!, z.data[0]!, 0.0051, 'z₁');
      near(end[1]!, z.data[1]!, 0.0051, 'z₂');
      near(end[3]!, logdet.data[0]!, 0.0051, 'the sum of the log-dets');
      const couplings = await frame
        .locator('.path-table tbody tr')
        .evaluateAll((lines) =>
          lines.flatMap((line, k) => (/^\d+$/.test(line.querySelector('button')!.textContent) ? [k] : [])),
        );
      assert.equal(couplings.length, parts.data.length);
      couplings.forEach((k, i) => near(rows[k]![2]!, parts.data[i]!, 0.0051, `log-det of coupling ${i + 1}`));
      let sum = 0;
      rows.slice(1).forEach(([, , own, total], k) => {
        sum += own!;
        near(total!, sum, 0.0051 * (k + 2), `sum after ${k + 1}`);
      });
      const nats = -Math.log((await densityAt(model.file(), [[0.75, -0.25]]))[0]!);
      near(parseNumber(await frame.locator('[data-value=logDensity]').innerText()), -nats, 0.0051, 'ln p(x)');

      // The density behind the points, in data space and in z.
      await frame.getByRole('radio', { name: 'Density' }).click();
      await frame.locator('.plane-behind .legend').waitFor();
      for (const stage of [0, rows.length - 1]) {
        await goTo(frame, stage);
        const [across, up] = (stage === 0 ? ['x1', 'x2'] : ['z1', 'z2']).map((name) => table.column(name));
        const here = Float32Array.from(across!.flatMap((v, i) => [v, up![i]!]));
        const frameHere = stageBounds({ shape: [x1.length, 2], data: here }, stage, rows.length - 1);
        const places = centres(frameHere, 128);
        const p =
          stage === 0
            ? await densityAt(model.file(), places)
            : places.map(([a = 0, b = 0]) => Math.exp(-(a ** 2 + b ** 2) / 2) / (2 * Math.PI));
        const scale = magnitudeScale(Math.max(...p));
        await until(`the density after ${stage} layers`, async () => {
          const picture = await pictureOf(frame, board);
          const looked = places.filter((_, i) => i % 37 === 0);
          const agreed = looked.filter((place, k) => {
            const pixel = onScreen(place, frameHere, picture.side);
            return pixel !== undefined && colorApart(picture.at(pixel), scale.at(p[37 * k]!)) <= 6;
          });
          return agreed.length > 0.8 * looked.length;
        });
      }
      await frame.getByText('Use as example').first().click();
      await untilResult(frame, nats);
    });
  }

  it('plays through the layers, and rests where less motion is wanted', async () => {
    const model = models.find(({ name }) => name === 'two moons')!;
    const frame = await openModel(editor, model);
    await frame.locator('.plane-board').waitFor();
    await frame.evaluate(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      const plane = document.querySelector('.plane-board')!;
      new MutationObserver(() => seen.push(plane.getAttribute('data-moving')!)).observe(plane, {
        attributes: true,
      });
    });
    const moved = () =>
      frame.evaluate(() => (window as unknown as { seen: string[] }).seen.splice(0).includes('true'));
    const play = frame.getByRole('button', { name: 'Play through the layers' });
    const stage = async () => Number(await frame.locator('.plane-board').getAttribute('data-stage'));
    await goTo(frame, 0);
    await play.click();
    await until('the next layer', async () => (await stage()) >= 1);
    await frame.locator('.walk').getByRole('button', { name: 'Pause' }).click();
    assert.ok(await moved());
    await editor.reduceMotion(true);
    try {
      await frame.locator('body.vscode-reduce-motion').waitFor({ state: 'attached' });
      await goTo(frame, 0);
      await moved();
      await play.click();
      await until('the next layer', async () => (await stage()) >= 1);
      await frame.locator('.walk').getByRole('button', { name: 'Pause' }).click();
      assert.ok(!(await moved()), 'nothing moves between the layers');
    } finally {
      await editor.reduceMotion(false);
    }
  });
});

interface Square {
  side: number;
  /** Red, green, blue and opacity of a pixel. */
  at(index: number): Uint8Array;
}

async function pictureOf(frame: Frame, selector: string): Promise<Square> {
  const { width, data } = await rasterOf(frame, selector);
  return { side: width, at: (index) => data.subarray(4 * index, 4 * index + 4) };
}

function colorApart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...[0, 1, 2].map((k) => Math.abs(a[k]! - b[k]!)));
}

/** The color that points are drawn in. */
function inkOf(frame: Frame): Promise<number[]> {
  return frame.evaluate(() => {
    const probe = document.createElement('i');
    probe.style.color = 'var(--fg)';
    document.body.append(probe);
    const color = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
    probe.remove();
    return color.slice(0, 3);
  });
}

/** The square around points with a margin, as the gallery's planes have it. */
function around(x: number[], y: number[]): PlaneBounds {
  const ranges = [x, y].map((values) => [Math.min(...values), Math.max(...values)] as const);
  const half = 0.575 * Math.max(...ranges.map(([low, high]) => high - low));
  const [across, up] = ranges.map(([low, high]): [number, number] => [
    (low + high) / 2 - half,
    (low + high) / 2 + half,
  ]);
  return { x: across!, y: up! };
}

/** Middles of the cells of a square, row by row from the top. */
function centres({ x, y }: PlaneBounds, side: number): number[][] {
  return Array.from({ length: side * side }, (_, i) => [
    x[0] + ((x[1] - x[0]) * ((i % side) + 0.5)) / side,
    y[1] - ((y[1] - y[0]) * (Math.floor(i / side) + 0.5)) / side,
  ]);
}

function pairs(data: Float32Array): number[][] {
  return Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i]!, data[2 * i + 1]!]);
}

/** The pixel at a point of the plane; undefined outside. */
function onScreen(
  [x = NaN, y = NaN]: readonly number[],
  bounds: PlaneBounds,
  side: number,
): number | undefined {
  const column = Math.floor(((x - bounds.x[0]) / (bounds.x[1] - bounds.x[0])) * side);
  const row = Math.floor(((bounds.y[1] - y) / (bounds.y[1] - bounds.y[0])) * side);
  const margin = 2;
  const inside = (v: number) => v >= margin && v < side - margin;
  return inside(row) && inside(column) ? row * side + column : undefined;
}

/** Of the points inside the frame, the share that has ink on it or on a neighbouring pixel: some are rings. */
function inkShare(picture: Square, points: number[][], bounds: PlaneBounds, ink: readonly number[]): number {
  const places = points.flatMap((point) => onScreen(point, bounds, picture.side) ?? []);
  const has = (place: number) =>
    [-2, -1, 0, 1, 2].some((dy) =>
      [-2, -1, 0, 1, 2].some((dx) => colorApart(picture.at(place + dy * picture.side + dx), ink) < 60),
    );
  return places.filter(has).length / places.length;
}

/** There is ink at the points, and none far from them. */
function inkWhere(picture: Square, points: number[][], bounds: PlaneBounds, ink: readonly number[]): void {
  const share = inkShare(picture, points, bounds, ink);
  assert.ok(share > 0.99, `${share} of the samples are drawn`);
  const { side } = picture;
  const near = new Set(
    points.flatMap((point) => {
      const place = onScreen(point, bounds, side);
      return place === undefined
        ? []
        : [-3, -2, -1, 0, 1, 2, 3].flatMap((dy) =>
            [-3, -2, -1, 0, 1, 2, 3].map((dx) => place + dy * side + dx),
          );
    }),
  );
  // The names and numbers of the axes stand in the margins.
  const stray = Array.from({ length: side * side }, (_, i) => i).filter((i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    const middle = row > 20 && row < side - 20 && column > 20 && column < side - 20;
    return middle && !near.has(i) && picture.at(i)[3]! > 200 && colorApart(picture.at(i), ink) < 40;
  });
  assert.equal(stray.length, 0, `ink where there is no sample: ${stray.slice(0, 5).join()}`);
}

function close(actual: Numbers, expected: Numbers, what: string): void {
  assert.deepEqual([...actual.shape], [...expected.shape], what);
  actual.data.forEach((v, i) =>
    near(v, expected.data[i]!, 2e-3 * (1 + Math.abs(expected.data[i]!)), `${what}, value ${i}:`),
  );
}

/** h₁, h₂, log-det and sum of each row of the path; the first has no log-det. */
async function rowsOf(frame: Frame): Promise<number[][]> {
  const lines = await frame.locator('.path-table tbody tr').allInnerTexts();
  return lines.map((line) => line.split('\t').slice(1).map(parseNumber));
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
