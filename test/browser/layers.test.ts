/**
 * The panel of a layer beyond what every model's is tried for (models/layers.test.ts): marks, zoom, pages of kernels,
 * tensors that are too large to be sent, and a narrow pane.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TensorWindowQuery } from '../../src/protocol/tensor-window';
import { signedScale } from '../../webview/base/canvas/color-maps';
import { compact, roundUp } from '../../webview/base/format/numbers';
import { eventually, giveValues, near, nearColor, parseNumber, untilResult } from '../inspector/frame';
import type { Model } from '../inspector/models';
import { exampleOf, reference, type Reference, type ReferencePass } from '../inspector/reference';
import { until } from '../inspector/until';
import { cellColor } from './support/browser-page';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage, Faults } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

const pane = { width: 1280, height: 800 };

describe('a layer', () => {
  let editor: EngineWindow;
  let digits: Model;
  let wide: Model;
  let flow: Reference;
  let pass: ReferencePass;
  let wideFlow: Reference;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyModel(editor.folder, 'digits');
      wide = await tinyModel(editor.folder, 'wide');
      [flow, wideFlow] = [await reference(digits.file()), await reference(wide.file())];
      pass = flow.pass(exampleOf(digits));
    },
    { untrained: true },
  );

  /** A page that shows the known example, whose values have no noise. */
  const known = async (faults: Faults = {}): Promise<EnginePage> => {
    const live = await editor.openPage(digits.file(), { ...pane, ...faults });
    await live.page.locator('.flow[aria-busy=false]').waitFor();
    await giveValues(live.page.mainFrame(), 'known.npy', exampleOf(digits));
    await untilResult(live.page.mainFrame(), pass.costs);
    await live.page.locator('.flow[aria-busy=false]').waitFor();
    return live;
  };
  const conditioner = async (width?: number): Promise<EnginePage> => {
    const live = await editor.openPage(wide.file(), width ? { width, height: 900 } : pane);
    await live.page.getByRole('tab', { name: 'Conditioner' }).click();
    await live.page.locator('table').first().waitFor();
    return live;
  };
  const first = () => pass.layers[1]!;
  const limitOf = (...all: ArrayLike<number>[]): number =>
    roundUp(Math.max(...all.flatMap((values) => Array.from(values, Math.abs))));

  it('that only moves values says why it has no Jacobian', async () => {
    const live = await editor.openPage(digits.file(), pane);
    const { page } = live;
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    const before = live.asked('jacobian').length;
    await page.locator('.flow [data-layer]', { hasText: 'squeeze' }).first().click();
    await page.getByText('This layer only moves values').waitFor();
    assert.equal(live.asked('jacobian').length, before);
  });

  it('hatches what passes through instead of drawing it as zero, and marks an element', async () => {
    const { page } = await known();
    const canvas = page.locator('[data-tensor=s] canvas');
    const distinct = (cell: number): Promise<number> =>
      canvas.evaluate((element, at) => {
        const board = element as HTMLCanvasElement;
        const size = board.width / 8;
        const box = [(at % 8) * size, Math.floor(at / 8) * size, size, size] as const;
        const { data } = board.getContext('2d')!.getImageData(...box);
        const colors = new Set<string>();
        for (let i = 0; i < data.length; i += 4) colors.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
        return colors.size;
      }, cell);
    // The last of each, since the first that moves is marked.
    assert.equal(await distinct(first().passes.lastIndexOf(false)), 1);
    assert.equal(await distinct(first().passes.lastIndexOf(true)), 2);
    const x = page.locator('[data-tensor=x] canvas');
    const box = (await x.boundingBox())!;
    await x.click({ position: { x: (2.5 / 8) * box.width, y: (3.5 / 8) * box.height } });
    await page.locator('.worked', { hasText: '(3, 2) channel 0' }).waitFor();
    const marked = parseNumber(await page.locator('.worked [data-value=x]').first().innerText());
    near(marked, first().x[3 * 8 + 2]!, 0.006, 'x of the marked element');
    await page.locator('.maps').focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.worked', { hasText: '(3, 3) channel 0' }).waitFor();
  });

  it('has bars in proportion: solid for the coupling, hollow for its batch norm', async () => {
    const { page } = await known();
    await page.locator('.strip').getByRole('radio', { name: 'this' }).click();
    const couplings = pass.layers.filter(({ norm }) => norm !== 0);
    assert.ok(couplings.length > 3);
    const rows = await Promise.all(
      couplings.map(async ({ layer }) => {
        const bars = page.locator(`[data-layer="${layer.info.index}"] .bars`);
        const whole = (await bars.boundingBox())!;
        const box = async (part: string) => (await bars.locator(`i.${part}`).boundingBox())!;
        return { whole, coupling: await box('coupling'), norm: await box('norm') };
      }),
    );
    // The end of the axis is also that of the batch's means: found by the longest bar.
    const all = couplings.flatMap((layer, i) => [
      { value: layer.coupling, box: rows[i]!.coupling, whole: rows[i]!.whole },
      { value: layer.norm, box: rows[i]!.norm, whole: rows[i]!.whole },
    ]);
    const longest = all.reduce((a, b) => (Math.abs(b.value) > Math.abs(a.value) ? b : a));
    const perNat = longest.box.width / Math.abs(longest.value);
    assert.ok(longest.box.width > 4 && longest.box.width <= longest.whole.width / 2 + 1);
    for (const { value, box, whole } of all) {
      near(box.width, Math.abs(value) * perNat, 1.5, `the bar of ${value}`);
      if (box.width > 2) assert.equal(box.x + box.width / 2 > whole.x + whole.width / 2, value > 0);
    }
  });

  it('has maps that zoom together, by keys, buttons and wheel, and move by dragging', async () => {
    const { page } = await known();
    const scale = signedScale(limitOf(first().x, first().y), false);
    /** Waits until both maps show the part of so many rows and columns that begins at a place; resolves to that place. */
    const shown = async (side: number, fits: (row: number, column: number) => boolean) => {
      let found: [number, number] | undefined;
      await eventually(async () => {
        const colors = await Promise.all(
          (['x', 'y'] as const).flatMap((name) =>
            Array.from({ length: side * side }, (_, k) =>
              cellColor(page, `[data-tensor=${name}] canvas`, {
                row: Math.floor(k / side),
                column: k % side,
                rows: side,
                columns: side,
              }),
            ),
          ),
        );
        const starts = Array.from({ length: (9 - side) ** 2 }, (_, k): [number, number] => [
          Math.floor(k / (9 - side)),
          k % (9 - side),
        ]);
        // Crosses are drawn over marked elements, so some cells may have another color.
        const matches = ([row, column]: [number, number]): number =>
          colors.filter((color, k) => {
            const [r, c] = [Math.floor((k % side ** 2) / side), k % side];
            const value = first()[k < side ** 2 ? 'x' : 'y'][(row + r) * 8 + column + c]!;
            return scale.at(value).every((channel, i) => Math.abs(channel - color[i]!) <= 2);
          }).length;
        found = starts.find((start) => matches(start) >= 0.9 * colors.length);
        assert.ok(found, 'the maps show a part of x and y');
        assert.ok(fits(...found), `the maps begin at ${found.join()}`);
      });
      return found!;
    };
    const check = (row: number, column: number, side: number) =>
      shown(side, (r, c) => r === row && c === column);
    await check(0, 0, 8);
    await page.locator('.maps').focus();
    await page.keyboard.press('+');
    await page.getByText('2×').waitFor();
    // Zooming in keeps the marked element in sight; keys move the part that is shown, to the edge at most.
    const [row, column] = await shown(4, () => true);
    const way = column < 4 ? 1 : -1;
    await page.keyboard.press(way > 0 ? 'Shift+ArrowRight' : 'Shift+ArrowLeft');
    await check(row, column + way, 4);
    for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowDown');
    await check(4, column + way, 4);
    const box = (await page.locator('[data-tensor=y] canvas').boundingBox())!;
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 20, box.y + 20 + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await check(2, column + way, 4);
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
  });

  it('pages through kernels, reads a value out, and leaves gaps between them', async () => {
    const live = await conditioner();
    const { page } = live;
    const name = 'checkerboard.0';
    const tensor = Object.keys(wideFlow.tensors).find(
      (key) =>
        key.includes(name) && wideFlow.tensors[key]!.shape.join() === '3,3,20,20' && /\.v$|weight$/.test(key),
    )!;
    const { data } = wideFlow.tensors[tensor]!;
    assert.equal(live.asked('weight').length, 0);
    const layer = wideFlow.layers.find(({ info }) => tensor.startsWith(`${info.name}.`))!.info;
    await page.locator(`[data-layer="${layer.index}"]`).click();
    await page
      .getByRole('button', { name: `Show ${tensor.slice(layer.name.length + 1)} as a picture` })
      .click();
    await page.locator('[data-name=weight]').waitFor();
    const surface = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const gap = { row: 3, column: 0, rows: 63, columns: 63 };
    nearColor(
      await cellColor(page, '[data-name=weight]', gap),
      surface.match(/\d+/g)!.map(Number),
      'between two kernels',
    );
    // The second page of outputs is of the four that are left; no more than the window was asked for.
    await page.getByRole('button', { name: 'Next page' }).first().click();
    await page.getByText('output 16–19 of 20').waitFor();
    const valueOf = (row: number, column: number, input: number, output: number): number =>
      data[((row * 3 + column) * 20 + input) * 20 + output]!;
    const scale = signedScale(limitOf(data), false);
    await eventually(async () => {
      const cell = { row: 3 * 4 - 4 + 1, column: 3 * 4 + 1, rows: 4 * 4 - 1, columns: 16 * 4 - 1 };
      nearColor(await cellColor(page, '[data-name=weight]', cell), scale.at(valueOf(1, 1, 3, 18)), 'a value');
    });
    const { from, size } = live.asked('weight').at(-1)!;
    assert.deepEqual(
      [from, size],
      [
        [0, 0, 0, 16],
        [3, 3, 16, 4],
      ],
    );
    await page.locator('.weight [role=group]').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown'])
      await page.keyboard.press(key);
    assert.equal(
      await page.locator('.weight .readout').innerText(),
      `row 1, column 0, input 1, output 16: ${compact(valueOf(1, 0, 1, 16))}`,
    );
  });

  it('draws the length of each output and the gain of weight-normalized kernels', async () => {
    const { page } = await conditioner();
    const layer = wideFlow.layers[1]!.info;
    const name = Object.keys(wideFlow.tensors).find(
      (key) =>
        key.startsWith(`${layer.name}.`) && key.endsWith('.v') && wideFlow.tensors[key]!.shape.at(-1) === 20,
    )!;
    const { data } = wideFlow.tensors[name]!;
    const gains = wideFlow.tensors[name.replace(/v$/, 'g')]!.data;
    const lengths = Array.from({ length: 20 }, (_, o) => Math.hypot(...data.filter((_, i) => i % 20 === o)));
    await page
      .getByRole('button', { name: `Show ${name.slice(layer.name.length + 1)} as a picture` })
      .click();
    const chart = page.locator('.lengths svg');
    await chart.waitFor();
    const heights = await chart
      .locator('rect.bar')
      .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))));
    const dots = await chart
      .locator('circle')
      .evaluateAll((circles) => circles.map((circle) => Number(circle.getAttribute('cy'))));
    assert.deepEqual([heights.length, dots.length], [20, 20]);
    const unit = heights[0]! / lengths[0]!;
    for (let o = 1; o < 20; o++) {
      near(heights[o]!, lengths[o]! * unit, 0.1, `length of output ${o}`);
      near(dots[0]! - dots[o]!, (gains[o]! - gains[0]!) * unit, 0.1, `gain of output ${o}`);
    }
  });

  it('computes feature maps when asked, and drops them with the layer; says where there is no Jacobian', async () => {
    const live = await conditioner();
    const { page } = live;
    await page.locator('.choice').first().waitFor();
    assert.equal(live.asked('features').length, 0);
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[15]"]').waitFor();
    await page.locator('[data-layer="2"]').click();
    await page.locator('.feature-grid').waitFor({ state: 'detached' });
    assert.equal(live.asked('features').length, 1);
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    await page.getByRole('tab', { name: 'Activations' }).click();
    const x = page.locator('[data-tensor=x] canvas');
    const box = (await x.boundingBox())!;
    await x.click({ position: { x: (7.5 / 8) * box.width, y: (7.5 / 8) * box.height } });
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    // The block follows the marked element.
    await until('the marked element', () => live.asked('jacobian').some(({ around }) => around === 63));
  });

  it('fits a narrow window', async () => {
    const { page } = await conditioner(400);
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[15]"]').waitFor();
    await page.getByRole('button', { name: 'Compare with 64 examples' }).click();
    await page.locator('.channel-table, [data-norm]').first().waitFor();
    await page
      .getByRole('button', { name: / as a picture$/ })
      .first()
      .click();
    await page.locator('[data-name=weight]').waitFor();
    const wider = (): Promise<boolean> =>
      page.evaluate(() => {
        const panel = document.querySelector('#layer-panel')!;
        return panel.scrollWidth > panel.clientWidth || panel.getBoundingClientRect().right > 400;
      });
    assert.equal(await wider(), false);
    assert.ok((await page.locator('[data-name=weight]').boundingBox())!.width <= 368);
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    assert.equal(await wider(), false);
    const box = (await page.locator('[data-name=jacobian]').boundingBox())!;
    assert.ok(box.x >= 0 && box.x + box.width <= 400, `${box.x}, ${box.width}`);
    // What is read out stands right below it.
    const below = (await page.locator('.matrix .readout').boundingBox())!;
    assert.ok(below.y - box.y - box.height < 16, `${below.y - box.y - box.height} px between`);
  });

  it('is drawn from windows where its tensors are too large to be sent, which follow the zoom', async () => {
    const live = await known({ edits: { layer: withoutValues, layerOfExample: withoutValues } });
    const { page } = live;
    const windows = (): TensorWindowQuery[] =>
      live.asked('tensorWindow').filter(({ example }) => example?.kind === 'values');
    const canvas = 'canvas[data-name="y[0]"]';
    await page.locator(canvas).waitFor();
    await until('four windows', () => new Set(windows().map(({ tensor }) => tensor)).size === 4);
    for (const { from, size, block } of windows()) {
      assert.deepEqual(from, [0, 0, 0]);
      assert.deepEqual(size, [8, 8, 1]);
      assert.equal(block, 1);
    }
    const { x, y } = first();
    const scale = signedScale(limitOf(x, y), false);
    const shows = (row: number, column: number, side: number, value: number): Promise<void> =>
      eventually(async () =>
        nearColor(
          await cellColor(page, canvas, { row, column, rows: side, columns: side }),
          scale.at(value),
          `(${row}, ${column}) of ${side}`,
        ),
      );
    for (const [row, column] of [
      [0, 0],
      [3, 5],
      [7, 2],
    ] as const)
      await shows(row, column, 8, y[row * 8 + column]!);
    const before = windows().length;
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await until('windows of the part', () => windows().length >= before + 4);
    const zoomed = windows().slice(before);
    for (const { size } of zoomed) assert.deepEqual(size, [4, 4, 1]);
    await shows(0, 0, 4, y[zoomed[0]!.from[0]! * 8 + zoomed[0]!.from[1]!]!);
  });

  it('lets windows of large tensors be cancelled while they are fetched', async () => {
    const live = await editor.openPage(digits.file(), {
      ...pane,
      delays: { tensorWindow: 60_000 },
      edits: { layer: withoutValues, layerOfExample: withoutValues },
    });
    const { page } = live;
    const large = page.locator('[data-large=y]');
    await large.getByRole('button', { name: 'Cancel' }).click();
    await large.getByText('Canceled').waitFor();
    assert.ok(live.cancelled.length >= 1);
    live.delays = {};
    await large.getByRole('button').first().click();
    await page.locator('canvas[data-name="y[0]"]').waitFor();
  });
});

/** As the engine leaves out the values of tensors with more than 2¹⁸ of them. */
function withoutValues<View extends { tensors: { data?: unknown }[] }>(view: View): View {
  const {
    mask: _,
    logDetMap: __,
    logDetMapMean: ___,
    logDetInImage: ____,
    ...rest
  } = view as View & Partial<Record<'mask' | 'logDetMap' | 'logDetMapMean' | 'logDetInImage', unknown>>;
  return { ...rest, tensors: view.tensors.map(({ data: _____, ...tensor }) => tensor) } as unknown as View;
}
