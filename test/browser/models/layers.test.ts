/** The layer tabs of the five models: numbers and pixels against the flow in plain JavaScript and the tensors of the file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { grayScale, maskColors, signedScale, badColor } from '../../../webview/base/canvas/color-maps';
import { roundUp } from '../../../webview/base/format/numbers';
import { until } from '../../inspector/until';
import { edited } from '../../inspector/edited';
import { isImage, type Model, openModel, showTab, everyModel, untilWords } from '../../inspector/models';
import {
  cells,
  eventually,
  giveValues,
  isLight,
  near,
  nearColor,
  parseNumber,
  untilResult,
  value,
} from '../../inspector/frame';
import {
  exampleOf,
  reference,
  type Reference,
  type ReferenceLayer,
  type ReferencePass,
} from '../../inspector/reference';
import { type Raster, rasterOf, rgba } from '../../inspector/rasters';
import { inWindow } from '../support/in-window';
import type { EngineWindow } from '../support/engine-window';

const panel = '.layer [role=tabpanel]';

/** The first coupling of each kind and scale; of vectors the first and the last. */
function chosenCouplings({ layers }: ReferencePass): ReferenceLayer[] {
  const couplings = layers.filter(({ layer }) => layer.info.coupling !== undefined);
  const kinds = new Map(couplings.map((one) => [`${one.layer.info.kind} ${one.layer.info.scale}`, one]));
  return couplings[0]!.layer.info.kind === 'vector'
    ? [couplings[0]!, couplings.at(-1)!]
    : ([...kinds.keys()].map((key) =>
        couplings.find(({ layer }) => `${layer.info.kind} ${layer.info.scale}` === key),
      ) as ReferenceLayer[]);
}

async function select(frame: Frame, { layer }: ReferenceLayer): Promise<void> {
  await frame.locator(`[data-layer="${layer.info.index}"]`).click();
  await frame.locator('.layer .head .path', { hasText: layer.info.name }).waitFor({ state: 'attached' });
}

/** A number as the page writes it, with as many decimals as it has. */
function says(text: string, expected: number, what: string): void {
  const size = Math.abs(expected);
  const digit = size >= 1000 ? 1 : size >= 100 ? 0.1 : size >= 0.095 ? 0.01 : 1e-4 + 0.06 * size;
  near(value(text), expected, 0.6 * digit + 1e-4 * size, `${what} ("${text.trim()}")`);
}

/** The same where several numbers have the decimals of the largest. */
function saysAsShown(text: string, expected: number, what: string): void {
  const decimals = /^\s*\S*\.(\d+)/.exec(text)?.[1]!.length ?? 0;
  near(
    value(text),
    expected,
    0.6 * 10 ** -decimals + 1e-4 * Math.abs(expected),
    `${what} ("${text.trim()}")`,
  );
}

function statsOf(values: readonly number[]): { min: number; mean: number; max: number; std: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    mean,
    std: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length),
  };
}

/** Where the colors end that tell 99.5 % of the values apart. */
function limitOf(values: readonly number[]): number {
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  return roundUp(sizes[Math.ceil(0.995 * sizes.length) - 1]!);
}

/** Finite values that the figures of a tensor are of: of s and t where the layer moves. */
const counted = (values: Float32Array, name: string, passes: readonly boolean[]): number[] =>
  [...values].filter((v, i) => Number.isFinite(v) && !((name === 's' || name === 't') && passes[i]));

type Named = ['x' | 's' | 't' | 'y', Float32Array][];
const tensorsOf = ({ x, s, t, y }: ReferenceLayer): Named => [
  ['x', x],
  ['s', s!],
  ['t', t!],
  ['y', y],
];

describe('the layer tabs', () => {
  let editor: EngineWindow;
  let light: boolean;

  inWindow(
    async (window) => {
      editor = window;
    },
    { keepsPages: true },
  );

  for (const model of everyModel) {
    const image = isImage(model);

    describe(`of ${model.name}`, () => {
      let frame: Frame;
      let flow: Reference;
      let pass: ReferencePass;
      let chosen: ReferenceLayer[];

      before(async () => {
        flow = await reference(model.file());
        pass = flow.pass(exampleOf(model));
        chosen = chosenCouplings(pass);
        frame = await openModel(editor, model);
        await giveValues(frame, 'known.npy', exampleOf(model));
        await untilResult(frame, pass.costs);
        await frame.locator('.flow[aria-busy=false]').waitFor();
        light = await isLight(frame);
      });
      after(() => editor.closePages());

      it('draw and read out the activations', async () => {
        await showTab(frame, '.layer', 'Activations');
        for (const layer of chosen) {
          await select(frame, layer);
          await eventually(() => (image ? mapsAgree(frame, layer) : rowsAgree(frame, layer)));
          if (image) await readoutAgrees(frame, layer);
          for (const [at, [name, values]] of tensorsOf(layer).entries())
            await figuresAgree(frame, at, name, values, layer);
        }
        if (image) await zoomIsShared(frame, chosen.at(-1)!);
      });

      it('draw the masks here and in the image', async () => {
        await showTab(frame, '.layer', 'Mask');
        const passes = [pass, flow.pass(exampleOf(model, 2))];
        for (const layer of chosen) {
          await select(frame, layer);
          await eventually(() => maskAgrees(frame, model, layer, passes));
        }
      });

      it('add up the log-dets', async () => {
        await frame.locator('.strip').getByRole('radio', { name: 'mean' }).click();
        const means = new Map<ReferenceLayer, number>();
        for (const layer of chosen) {
          const row = frame.locator(`[data-layer="${layer.layer.info.index}"] .num`).first();
          means.set(layer, parseNumber(await row.innerText()));
        }
        await frame.locator('.strip').getByRole('radio', { name: 'this' }).click();
        await showTab(frame, '.layer', 'Log-det');
        for (const layer of chosen) {
          await select(frame, layer);
          await eventually(() => logDetAgrees(frame, model, layer, means.get(layer)!));
          await eventually(() => depthAgrees(frame, pass));
        }
      });

      it('show the networks as the file has them', async () => {
        await showTab(frame, '.layer', 'Conditioner');
        for (const layer of chosen) {
          await select(frame, layer);
          await tensorsAgree(frame, flow, layer);
        }
        const layer = chosen[Math.min(1, chosen.length - 1)]!;
        await select(frame, layer);
        await weightAgrees(frame, flow, layer);
        await normsAgree(frame, flow, layer);
        await featuresAgree(frame, pass, layer, image);
      });

      it('have triangular Jacobians, with eˢ on the diagonal', async () => {
        await showTab(frame, '.layer', 'Jacobian');
        for (const layer of chosen) {
          await select(frame, layer);
          await eventually(() => jacobianAgrees(frame, flow, layer));
        }
      });
    });

    it(`of ${model.name} mark what is NaN, and where it begins`, async () => {
      const healthy = (await reference(model.file())).pass(exampleOf(model));
      const broken = healthy.layers.filter(({ layer }) => layer.info.coupling !== undefined)[1]!;
      let done = '';
      const wrong = await edited(model, 'broken', (tensor, values) => {
        if (done || !tensor.startsWith(`${broken.name}.`) || !tensor.endsWith('.bias')) return;
        done = tensor;
        values[0] = NaN;
      });
      const pass = (await reference(wrong.file())).pass(exampleOf(model));
      const layer = pass.layers.find(({ name }) => name === broken.name)!;
      assert.ok(layer.t!.some(Number.isNaN), `${done} makes a value NaN`);
      try {
        const frame = await openModel(editor, wrong, undefined, false);
        await giveValues(frame, 'known.npy', exampleOf(model));
        light = await isLight(frame);
        await frame.locator('.flow[aria-busy=false] .badge-nan').waitFor();
        await eventually(async () => {
          const marked = await frame
            .locator('[data-layer]:has(.badge-nan)')
            .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['layer']));
          assert.deepEqual(marked, [String(layer.layer.info.index)]);
        });
        await showTab(frame, '.layer', 'Activations');
        await select(frame, layer);
        // A mask is what it was, though NaN passes no test.
        const seen = { ...layer, passes: broken.passes };
        await eventually(() => (image ? mapsAgree(frame, seen) : rowsAgree(frame, seen)));
        for (const [at, [name, values]] of tensorsOf(layer).entries()) {
          // A narrow panel hides the row of a map where all is finite.
          const text = (await frame.locator('.layer .map .stat').nth(at).textContent()) ?? '';
          const own = [...values].filter((_, i) => !((name === 's' || name === 't') && broken.passes[i]));
          const figures = /NaN, Inf\s*(\d+), (\d+)\s*of (\d+)/.exec(text)!;
          const expected = [own.filter(Number.isNaN).length, 0, own.length];
          assert.deepEqual(figures.slice(1).map(Number), expected, `${name}: ${text}`);
        }
      } finally {
        await editor.closePages();
      }
    });
  }

  /** Every cell of every channel of x, s, t and y has the color of its value. */
  async function mapsAgree(frame: Frame, layer: ReferenceLayer): Promise<void> {
    const [rows = 1, columns = 1, channels = 1] = layer.layer.info.inputShape;
    const { passes } = layer;
    const ends = endsOf(layer);
    for (const [name, values] of tensorsOf(layer)) {
      const scale = signedScale(ends[name], light);
      for (let c = 0; c < channels; c++) {
        const drawn = await cells(frame, `.layer canvas[data-name="${name}[${c}]"]`, rows, columns);
        assert.equal(drawn.length, rows * columns);
        drawn.forEach((color, place) => {
          const i = place * channels + c;
          const hatched = (name === 's' || name === 't') && passes[i];
          if (hatched) return;
          const expected = Number.isFinite(values[i]) ? scale.at(values[i]!) : badColor(light);
          nearColor(color, expected, `${name} of element ${i}, ${values[i]},`);
        });
      }
      const legend = await frame.locator(`.layer [data-tensor=${name}] .legend`).innerText();
      says(legend, -ends[name], `end of the colors of ${name}`);
    }
  }

  function endsOf(layer: ReferenceLayer): Record<'x' | 's' | 't' | 'y', number> {
    const { x, s, t, y, passes } = layer;
    const shared = limitOf([...counted(x, 'x', passes), ...counted(y, 'y', passes)]);
    return {
      x: shared,
      y: shared,
      s: limitOf(counted(s!, 's', passes)),
      t: limitOf(counted(t!, 't', passes)),
    };
  }

  /** The line under the maps says the values of the place under the pointer. */
  async function readoutAgrees(frame: Frame, layer: ReferenceLayer): Promise<void> {
    const [rows = 1, columns = 1, channels = 1] = layer.layer.info.inputShape;
    const { passes } = layer;
    const size = rows * columns * channels;
    const some = [passes.indexOf(true), passes.indexOf(false), size - 1];
    for (const i of some) {
      const [c, place] = [i % channels, Math.floor(i / channels)];
      const canvas = frame.locator(`.layer canvas[data-name="y[${c}]"]`);
      const box = (await canvas.boundingBox())!;
      await canvas.hover({
        position: {
          x: (((place % columns) + 0.5) / columns) * box.width,
          y: ((Math.floor(place / columns) + 0.5) / rows) * box.height,
        },
      });
      await eventually(async () => {
        const text = await frame.locator('.layer .readout').innerText();
        const where = `(${Math.floor(place / columns)}, ${place % columns}) channel ${c}: `;
        assert.ok(text.startsWith(where), `${text} for ${where}`);
        for (const [name, values] of tensorsOf(layer)) {
          const said = new RegExp(`\\b${name} (\\S+?)(,|$)`).exec(text.slice(where.length))![1]!;
          if (passes[i] && (name === 's' || name === 't')) assert.equal(said, '–');
          else says(said, values[i]!, `${name} in "${text}"`);
        }
        assert.equal(text.includes('passes unchanged'), passes[i]);
      });
    }
    // A click marks an element, which is followed through its arithmetic.
    await frame.locator(`.layer canvas[data-name="x[0]"]`).click({ position: { x: 2, y: 2 } });
    await eventually(async () => {
      const line = frame.locator('.layer .worked');
      assert.match(await line.innerText(), /^\(0, 0\) channel 0:/);
      for (const [name, values] of tensorsOf(layer)) {
        if (passes[0] && name !== 'x' && name !== 'y') continue;
        const said = await line.locator(`[data-value=${name}]`).first().innerText();
        near(parseNumber(said), values[0]!, 0.006 + 1e-4 * Math.abs(values[0]!), `worked ${name}`);
      }
    });
  }

  /** The table of a vector flow: each value, and a bar as long as its share of the range. */
  async function rowsAgree(frame: Frame, layer: ReferenceLayer): Promise<void> {
    const ends = endsOf(layer);
    const rows = await frame
      .locator('.layer .rows-table tbody tr')
      .evaluateAll((elements) =>
        elements.map((row) =>
          [...row.querySelectorAll('td')]
            .slice(1)
            .map((cell) => ({
              text: cell.textContent,
              hatched: cell.classList.contains('hatched-cell'),
              bad: cell.classList.contains('bad'),
              bar: cell.querySelector('i')?.style.width,
            })),
        ),
      );
    assert.equal(rows.length, layer.x.length);
    rows.forEach((row, i) => {
      const left = [...row];
      for (const [name, values] of tensorsOf(layer)) {
        if ((name === 's' || name === 't') && layer.passes[i]) {
          assert.ok(left.shift()!.hatched, `${name} of a feature that passes`);
          continue;
        }
        const [bar, number] = [left.shift()!, left.shift()!];
        if (Number.isNaN(values[i])) {
          assert.deepEqual([number.text, number.bad], ['NaN', true]);
          continue;
        }
        near(parseNumber(number.text), values[i]!, 0.00051 + 1e-4 * Math.abs(values[i]!), `${name}${i}`);
        near(parseFloat(bar.bar!), Math.min(1, Math.abs(values[i]!) / ends[name]) * 50, 0.1, 'its bar');
      }
      assert.equal(left.length, 0);
    });
  }

  /** Minimum, mean and maximum; and a histogram whose counts are those of the values between its edges. */
  async function figuresAgree(
    frame: Frame,
    at: number,
    name: 'x' | 's' | 't' | 'y',
    values: Float32Array,
    layer: ReferenceLayer,
  ): Promise<void> {
    const map = frame.locator('.layer .map').nth(at);
    const own = counted(values, name, layer.passes);
    const stats = statsOf(own);
    const text = await map.locator('.stat').innerText();
    for (const part of ['min', 'mean', 'max'] as const)
      saysAsShown(text.split(new RegExp(`${part}\\s`))[1]!, stats[part], `${part} of ${name}`);
    const finite = (await map.locator('.stat').textContent()) ?? '';
    assert.match(finite, new RegExp(`0, 0\\s*of ${own.length.toLocaleString('en-US')}`));
    const end = endsOf(layer)[name];
    const within = own.filter((v) => Math.abs(v) <= end);
    const bars = await map
      .locator('svg[role=img] rect')
      .evaluateAll((rects) =>
        rects.map((rect) => ({
          x: Number(rect.getAttribute('x')),
          height: Number(rect.getAttribute('height')),
          wide: Number((rect as SVGRectElement).ownerSVGElement!.getAttribute('width')),
        })),
      );
    const tall = bars.reduce((sum, { height }) => sum + height, 0);
    let before = 0;
    for (const { x, height, wide } of bars) {
      const n = (height / tall) * within.length;
      near(n, Math.round(n), 0.02, `a bar of the histogram of ${name}`);
      const place = within.map((v) => ((v + end) / (2 * end)) * wide);
      const below = place.filter((p) => p < x - 0.02).length;
      const onEdge = place.filter((p) => Math.abs(p - x) <= 0.02).length;
      assert.ok(before >= below - 0.1 && before <= below + onEdge + 0.1, `${before} left of ${x}, ${below}`);
      before += n;
    }
    near(before, within.length, 0.02, 'sum of the counts');
  }

  /** All maps show the same part of the layer: that which one of them is moved to. */
  async function zoomIsShared(frame: Frame, layer: ReferenceLayer): Promise<void> {
    const [rows = 1, columns = 1, channels = 1] = layer.layer.info.inputShape;
    const ends = endsOf(layer);
    const maps = frame.locator('.layer .maps');
    const offsets = async (name: 'x' | 's' | 't' | 'y', values: Float32Array): Promise<string[]> => {
      const [high, wide] = [rows / 2, columns / 2];
      const drawn = await cells(frame, `.layer canvas[data-name="${name}[0]"]`, high, wide);
      const scale = signedScale(ends[name], light);
      const fitting: string[] = [];
      for (let row = 0; row <= rows - high; row++)
        for (let column = 0; column <= columns - wide; column++) {
          const fits = drawn.every((color, place) => {
            const at = (row + Math.floor(place / wide)) * columns + column + (place % wide);
            if (layer.passes[at * channels] && (name === 's' || name === 't')) return true;
            return scale.at(values[at * channels]!).every((channel, k) => Math.abs(channel - color[k]!) <= 2);
          });
          if (fits) fitting.push(`${row}, ${column}`);
        }
      return fitting;
    };
    const shared = async (): Promise<string[]> => {
      let all: string[] | undefined;
      for (const [name, values] of tensorsOf(layer)) {
        const own = await offsets(name, values);
        all = all ? all.filter((offset) => own.includes(offset)) : own;
      }
      return all!;
    };
    // Seen from the upper left, then moved right.
    await maps.focus();
    await maps.press('+');
    await frame.locator('.layer .zoom', { hasText: '2×' }).waitFor();
    const before = await until('one part for all maps', async () => {
      const found = await shared();
      return found.length === 1 && found[0];
    });
    await maps.press('Shift+ArrowRight');
    await until('another part for all maps', async () => {
      const found = await shared();
      return found.length === 1 && found[0] !== before;
    });
    await maps.press('0');
    await eventually(() => mapsAgree(frame, layer));
  }

  /** The mask is found by what the layer does to values; its places in the image by following values through squeezes. */
  async function maskAgrees(
    frame: Frame,
    model: Model,
    layer: ReferenceLayer,
    passes: ReferencePass[],
  ): Promise<void> {
    const { inputShape } = layer.layer.info;
    const [rows = 1, columns = 1, channels = 1] = inputShape;
    const size = layer.x.length;
    const read = layer.passes.filter(Boolean).length;
    const text = await frame.locator(panel).innerText();
    assert.match(
      text,
      new RegExp(
        `${read} of ${size} are read, ${size - read} moves?`.replace('1 of 2 are', '1 of 2 (is|are)'),
      ),
    );
    const colorOf = (reads: boolean) => (reads ? maskColors.reads : maskColors.moves);
    if (!isImage(model)) {
      for (const [i, reads] of layer.passes.entries()) {
        const [color] = await cells(frame, `${panel} canvas[data-name="mask[${i}]"]`, 1, 1);
        nearColor(color!, colorOf(reads), `mask of feature ${i}`);
        const row = await frame.locator(`${panel} tbody tr`).nth(i).innerText();
        assert.equal(/is read/.test(row), reads, row);
        near(value(row.split(reads ? 'unchanged' : 'moves')[1]!), exampleOf(model)[i]!, 6e-4, row);
      }
      return;
    }
    // Whole channels, or a checkerboard that is the same for all of them.
    const { kind } = layer.layer.info;
    layer.passes.forEach((reads, i) => {
      const place = Math.floor(i / channels);
      const parity = (Math.floor(place / columns) + (place % columns)) % 2;
      const like = kind === 'checkerboard' ? layer.passes[parity * channels] : layer.passes[i % channels];
      assert.equal(reads, like, `${kind} mask at ${i}`);
    });
    for (let c = 0; c < channels; c++) {
      const drawn = await cells(frame, `${panel} canvas[data-name="mask[${c}]"]`, rows, columns);
      drawn.forEach((color, place) =>
        nearColor(color, colorOf(layer.passes[place * channels + c]!), `mask ${place}, channel ${c}`),
      );
    }
    const places = positionsOf(layer, passes);
    assert.equal(new Set(places).size, size, 'each element has a place of its own');
    const [high = 1, wide = 1, depth = 1] = model.shape;
    const reads = new Map(places.map((place, i) => [place, layer.passes[i]!]));
    const gray = grayScale(model.levels! - 1);
    const values = exampleOf(model);
    for (let c = 0; c < depth; c++) {
      const name = c === 0 ? 'mask-in-image' : `mask-in-image[${c}]`;
      const selector = `${panel} canvas[data-name="${name}"]`;
      const drawn = await cells(frame, selector, high, wide);
      const picture = await rasterOf(frame, selector);
      drawn.forEach((color, pixel) => {
        const here = reads.get(pixel * depth + c);
        if (here !== undefined) {
          nearColor(color, colorOf(here), `pixel ${pixel}, channel ${c}`);
          return;
        }
        // Hatched: a line of the hatch alone could be taken for a mask's color, its gaps cannot.
        const own = inCell(picture, pixel, wide);
        const masks = [maskColors.reads, maskColors.moves];
        assert.ok(
          own.some((rgb) => masks.every((mask) => Math.abs(rgb[0]! - mask[0]) > 10)),
          `pixel ${pixel} was factored out: ${color.join()}`,
        );
      });
    }
    for (const [name, wanted] of [
      ['read', true],
      ['moves', false],
    ] as const) {
      const drawn = await cells(frame, `${panel} canvas[data-name="${name}"]`, high, wide);
      drawn.forEach((color, pixel) => {
        if (reads.get(pixel * depth) === wanted)
          nearColor(color, gray.at(values[pixel * depth]!), `pixel ${pixel} of what is ${name}`);
      });
    }
  }

  /** For each element of a layer its place in the image: two examples tell all values apart. */
  function positionsOf(layer: ReferenceLayer, passes: ReferencePass[]): number[] {
    const follow = (places: number[], from: Float32Array[], to: Float32Array[]): number[] => {
      const known = new Map(places.map((place, i) => [from.map((values) => values[i]).join(), place]));
      return Array.from(to[0]!, (_, i) => known.get(to.map((values) => values[i]).join()) ?? NaN);
    };
    const at = (index: number, which: 'x' | 'y') => passes.map((pass) => pass.layers[index]![which]);
    let places = Array.from(passes[0]!.layers[0]!.x, (_, i) => i);
    for (let index = 0; index < layer.layer.info.index; index++) {
      const { kind } = passes[0]!.layers[index]!.layer.info;
      if (kind === 'squeeze' || kind === 'factorOut') places = follow(places, at(index, 'x'), at(index, 'y'));
      places = follow(places, at(index, 'y'), at(index + 1, 'x'));
    }
    return places;
  }

  /** The map of s adds up to the layer's log-det; the distribution over the batch has its count and its mean. */
  async function logDetAgrees(
    frame: Frame,
    model: Model,
    layer: ReferenceLayer,
    mean: number,
  ): Promise<void> {
    const [rows = 1, columns = 1, channels = 1] = layer.layer.info.inputShape;
    const facts = await frame.locator('.layer .facts').innerText();
    const tolerance = 0.006 + 2e-5 * Math.abs(layer.coupling);
    near(value(facts.split('this example')[1]!), layer.coupling + layer.norm, tolerance, 'log-det');
    near(value(facts.split('coupling Σ s')[1]!), layer.coupling, tolerance, 'coupling');
    const total = layer.s!.reduce((sum, s, i) => sum + (layer.passes[i] ? 0 : s), 0);
    near(total, layer.coupling, 1e-3 + 1e-5 * Math.abs(total), 'Σ s');
    const box = `${panel} [data-map=logdet]`;
    const sumOf = async (name: string) =>
      value((await frame.locator(`${panel} [data-map=${name}] h3`).innerText()).split('Σ')[1]!);
    near(await sumOf('logdet'), total, tolerance, 'sum over the map');
    const end = -value(await frame.locator(`${box} .legend`).innerText());
    if (isImage(model)) {
      for (let c = 0; c < channels; c++) {
        const drawn = await cells(frame, `${box} canvas[data-name="logdet[${c}]"]`, rows, columns);
        drawn.forEach((color, place) => {
          const i = place * channels + c;
          if (!layer.passes[i])
            nearColor(color, signedScale(end, light).at(layer.s![i]!), `log-det of element ${i}`);
        });
      }
      if (layer.layer.info.inputShape.join() !== model.shape.join())
        near(await sumOf('logdet-in-image'), total, tolerance, 'sum over the image');
    } else {
      const row = await frame.locator(`${box} tr`).nth(layer.passes.indexOf(false)).innerText();
      near(value(row.split('\t').at(-1)!), total, 6e-4, row);
    }
    near((await sumOf('logdet-mean')) + layer.norm, mean, 0.06, 'mean over the batch');

    const chart = frame.locator(`${panel} svg[aria-label="Over 64 examples"]`);
    const { bars, ticks } = await chart.evaluate((svg) => ({
      bars: [...svg.querySelectorAll('rect.fill')].map((rect) => {
        const number = (name: string) => Number(rect.getAttribute(name));
        return { x: number('x'), width: number('width'), height: number('height') };
      }),
      ticks: [...svg.querySelectorAll('text:not(.fg)')].map((text) => ({
        x: Number(text.getAttribute('x')),
        text: text.textContent,
      })),
    }));
    const scale = ticks.filter(({ text }) => /\d/.test(text)).map(({ x, text }) => ({ x, at: value(text) }));
    assert.ok(scale.length >= 2, 'ticks');
    const [low, high] = [scale[0]!, scale.at(-1)!];
    const perPixel = (high.at - low.at) / (high.x - low.x);
    const tall = bars.reduce((sum, { height }) => sum + height, 0);
    let center = 0;
    for (const { x, width, height } of bars) {
      const n = (height / tall) * 64;
      near(n, Math.round(n), 0.02, 'examples of a bar, of 64 in all');
      center += (n / 64) * (low.at + (x + (width + 0.5) / 2 - low.x) * perPixel);
    }
    near(center, mean, (bars[0]!.width + 1) * Math.abs(perPixel) + 0.06, 'mean of the bars');
  }

  /** The curve over depth runs through the sums of the log-dets so far, and ends at the total. */
  async function depthAgrees(frame: Frame, { layers }: ReferencePass): Promise<void> {
    let sum = 0;
    const running = [0, ...layers.map(({ coupling, norm }) => (sum += coupling + norm))];
    const chart = frame.locator(`${panel} svg[aria-label^="Over depth"]`);
    const label = (await chart.getAttribute('aria-label'))!;
    near(value(label.split(':')[1]!), sum, 0.06 + 1e-5 * Math.abs(sum), 'total');
    const path = (await chart.locator('path.line').getAttribute('d'))!;
    const heights = path
      .slice(1)
      .split('L')
      .map((point) => Number(point.split(' ')[1]));
    assert.equal(heights.length, running.length);
    const far = running.reduce((a, v, i) => (Math.abs(v) > Math.abs(running[a]!) ? i : a), 0);
    const per = (heights[far]! - heights[0]!) / running[far]!;
    running.forEach((v, i) => near(heights[i]!, heights[0]! + per * v, 0.16, `curve after layer ${i}`));
  }

  /** Statistics of each stored tensor are those of the file. */
  async function tensorsAgree(frame: Frame, flow: Reference, layer: ReferenceLayer): Promise<void> {
    await frame.locator(`${panel} table tr[title^="${layer.name}."]`).first().waitFor();
    const rows = await frame
      .locator(`${panel} table tr[title]`)
      .evaluateAll((elements) =>
        elements.map((row) => ({
          name: row.getAttribute('title')!,
          cells: [...row.querySelectorAll('td')].map((cell) => cell.textContent),
          bars: [...row.querySelectorAll('rect')].map((rect) => Number(rect.getAttribute('height'))),
        })),
      );
    const own = Object.keys(flow.tensors).filter((name) => name.startsWith(`${layer.name}.`));
    assert.deepEqual(rows.map(({ name }) => name).sort(), own.sort());
    for (const { name, cells: row, bars } of rows) {
      const { shape, data } = flow.tensors[name]!;
      const stats = statsOf([...data]);
      assert.equal(row[1], shape.join('×'), name);
      (['mean', 'std', 'min', 'max'] as const).forEach((part, k) =>
        says(row[2 + k]!, stats[part], `${part} of ${name}`),
      );
      assert.equal(row[6], '0');
      const tall = bars.reduce((a, b) => a + b, 0);
      for (const height of bars) {
        const n = (height / tall) * data.length;
        near(n, Math.round(n), 0.02, `a bar of ${name}`);
      }
    }
    const counts = await frame.locator(`${panel} table caption`).allInnerTexts();
    near(
      counts
        .filter((text) => /^(Parameters|State)/.test(text))
        .reduce((sum, text) => sum + value(text.split(':')[1]!), 0),
      own.reduce((sum, name) => sum + flow.tensors[name]!.data.length, 0),
      0,
      'values in all',
    );
  }

  /** The picture of a weight: each cell has the color of the value in the file. */
  async function weightAgrees(frame: Frame, flow: Reference, layer: ReferenceLayer): Promise<void> {
    const name = Object.keys(flow.tensors).find(
      (tensor) => tensor.startsWith(`${layer.name}.`) && /\.(convIn\.v|in\.weight|0\.weight)$/.test(tensor),
    )!;
    const { shape, data } = flow.tensors[name]!;
    await frame
      .getByRole('button', { name: `Show ${name.slice(layer.name.length + 1)} as a picture` })
      .click();
    const scale = signedScale(roundUp(Math.max(...data.map(Math.abs))), light);
    const [inputs, outputs] = [shape.at(-2)!, Math.min(16, shape.at(-1)!)];
    const kernel = shape.length === 4;
    const [tall, wide] = kernel ? [shape[0]!, shape[1]!] : [1, 1];
    const gap = kernel && tall * wide > 1 ? 1 : 0;
    const rows = kernel ? outputs * (tall + gap) - gap : inputs;
    const columns = kernel ? inputs * (wide + gap) - gap : shape.at(-1)!;
    await eventually(async () => {
      const drawn = await cells(frame, `${panel} canvas[data-name=weight]`, rows, columns);
      for (let o = 0; o < (kernel ? outputs : shape.at(-1)!); o++)
        for (let i = 0; i < inputs; i++)
          for (let k = 0; k < tall * wide; k++) {
            const [row, column] = [Math.floor(k / wide), k % wide];
            const cell = kernel
              ? (o * (tall + gap) + row) * columns + i * (wide + gap) + column
              : i * columns + o;
            const v = data[((row * wide + column) * inputs + i) * shape.at(-1)! + o]!;
            nearColor(drawn[cell]!, scale.at(v), `${name} from ${i} to ${o}, ${v},`);
          }
    });
    says(
      (await frame.locator('[data-frobenius]').innerText()).split('√Σw²')[1]!,
      Math.hypot(...data),
      'Frobenius norm',
    );
    await frame.getByRole('button', { name: 'Close the picture' }).click();
  }

  /** Running statistics beside those of the batch. */
  async function normsAgree(frame: Frame, flow: Reference, layer: ReferenceLayer): Promise<void> {
    const means = Object.keys(flow.tensors).filter(
      (name) => name.startsWith(`${layer.name}.`) && name.endsWith('.mean'),
    );
    const compare = frame.getByRole('button', { name: 'Compare with 64 examples' });
    assert.equal(await compare.count(), means.length > 0 ? 1 : 0);
    if (means.length === 0) return;
    await compare.click();
    await frame.locator('[data-norm]').first().waitFor();
    const norms = await frame
      .locator('[data-norm]')
      .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['norm']!));
    assert.deepEqual(norms.map((short) => `${layer.name}.${short}.mean`).sort(), means.sort());
    for (const short of [norms[0]!, norms.at(-1)!]) {
      await frame.getByRole('button', { name: `List the channels of ${short}`, exact: true }).click();
      await frame.locator('.channel-table caption', { hasText: short }).waitFor();
      const rows = await frame
        .locator('.channel-table tbody tr')
        .evaluateAll((elements) =>
          elements.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
        );
      const mean = flow.tensors[`${layer.name}.${short}.mean`]!.data;
      const variance = flow.tensors[`${layer.name}.${short}.variance`]!.data;
      assert.equal(rows.length, Math.min(16, mean.length));
      rows.forEach(([c, running, batch, shift, std], k) => {
        assert.equal(Number(c), k);
        says(running!, mean[k]!, `running mean of ${short}`);
        says(std!, Math.sqrt(variance[k]!), `running σ of ${short}`);
        const off = 0.02 + 0.012 / Math.sqrt(variance[k]!);
        near(value(shift!), (value(batch!) - mean[k]!) / Math.sqrt(variance[k]!), off, 'shift');
      });
    }
  }

  /** Feature maps come when they are asked for, of the example that is looked at. */
  async function featuresAgree(
    frame: Frame,
    pass: ReferencePass,
    layer: ReferenceLayer,
    image: boolean,
  ): Promise<void> {
    assert.equal(await frame.locator(`${panel} canvas[data-name="feature[0]"]`).count(), 0);
    const stages = Object.keys(pass.taps).filter(
      (tap) => tap.startsWith(`${layer.name}.`) && tap.endsWith('/features'),
    );
    const names = stages.map((tap) => tap.slice(0, -'/features'.length));
    const choices = await frame
      .locator(`${panel} .choice`)
      .evaluateAll((buttons) => buttons.map((button) => (button as HTMLElement).title));
    assert.deepEqual(choices, names);
    for (const [at, name] of names.entries()) {
      const { shape, data } = pass.taps[stages[at]!]!;
      await frame.locator(`${panel} .choice[title="${name}"]`).click();
      const scale = signedScale(roundUp(Math.max(...data.map(Math.abs))), light);
      if (!image) {
        const columns = Math.min(16, data.length);
        await eventually(async () => {
          const drawn = await cells(
            frame,
            `${panel} canvas[data-name=units]`,
            Math.ceil(data.length / columns),
            columns,
          );
          data.forEach((v, i) => nearColor(drawn[i]!, scale.at(v), `unit ${i} of ${name}, ${v},`));
          const zeros = data.filter((v) => v === 0).length;
          assert.match(
            await frame.locator('.features').innerText(),
            new RegExp(`${zeros} of ${data.length} units are 0`),
          );
        });
        continue;
      }
      const [rows = 1, columns = 1, channels = 1] = shape;
      const check = async (from: number): Promise<void> => {
        for (let c = from; c < Math.min(channels, from + 16); c++) {
          const drawn = await cells(frame, `${panel} canvas[data-name="feature[${c}]"]`, rows, columns);
          drawn.forEach((color, place) =>
            nearColor(color, scale.at(data[place * channels + c]!), `channel ${c} of ${name}, ${place},`),
          );
        }
      };
      await eventually(() => check(0));
      if (channels <= 16) continue;
      await frame.locator('.features').getByRole('button', { name: 'Next page' }).click();
      await frame.locator('canvas[data-name="feature[16]"]').waitFor();
      await eventually(() => check(16));
    }
  }

  /** Passing elements first, the matrix is lower triangular: identity above, eˢ/σ on the diagonal where values move. */
  async function jacobianAgrees(frame: Frame, flow: Reference, layer: ReferenceLayer): Promise<void> {
    const text = await untilWords(frame, panel, /ln\|det\| by LU/);
    const k = /all elements/.test(text) ? layer.x.length : Number(/(\d+) elements around/.exec(text)![1]);
    const rows = await frame
      .locator('.jacobian tbody tr')
      .evaluateAll((elements) =>
        elements.map((row) => ({
          element: Number((row as HTMLElement).dataset['element']),
          figures: [...row.querySelectorAll('.num')].map((cell) => cell.textContent),
        })),
      );
    assert.ok(rows.length > 0 && rows.length < k);
    let logDet = 0;
    for (const { element, figures } of rows) {
      assert.equal(layer.passes[element], false);
      const lnScale = layer.s![element]! - layer.lnStd(element);
      const scale = Math.exp(lnScale);
      logDet += lnScale;
      near(parseNumber(figures[1]!), scale, 1e-4 + 1e-4 * scale, `eˢ/σ of ${element}`);
      near(parseNumber(figures[0]!), scale, 1e-4 + 1e-3 * scale, `∂y/∂x of ${element}`);
    }
    near(value(text.split('ln|det| by LU')[1]!), logDet, 2e-3, 'ln|det|');
    near(
      value(text.split(/log-det (?:of these )?by the layer(?: itself)?/)[1]!),
      logDet,
      2e-3,
      'log-det by the layer itself',
    );
    if (k === layer.x.length) near(logDet, layer.coupling + layer.norm, 1e-4, 'log-det of the layer');

    const pass = k - rows.length;
    const end = -value(await frame.locator('.matrix .legend').innerText());
    const colors = signedScale(end, light);
    const drawn = await frame.locator('canvas[data-name=jacobian]').evaluate((element, n) => {
      const canvas = element as HTMLCanvasElement;
      const ratio = canvas.width / canvas.clientWidth;
      const cell = canvas.clientHeight / n;
      const { data, width } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: n * n }, (_, i) => {
        const x = Math.floor((canvas.clientWidth - n * cell + (i % n) * cell + 1) * ratio);
        const y = Math.floor((Math.floor(i / n) * cell + 1) * ratio);
        return [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3)];
      });
    }, k);
    for (let row = 0; row < k; row++)
      for (let column = 0; column < k; column++) {
        if (row >= pass && column < pass) continue;
        // The line between what passes and what moves is drawn over the cells' edges.
        const moving = rows[row - pass];
        const expected =
          row !== column ? 0 : moving ? Math.exp(layer.s![moving.element]! - layer.lnStd(moving.element)) : 1;
        nearColor(drawn[row * k + column]!, colors.at(expected), `∂y${row}/∂x${column}`);
      }

    // What is below the diagonal is what finite differences of the flow in plain JavaScript give.
    if (layer.x.length !== 2) return;
    const [from, to] = [layer.passes.indexOf(true), layer.passes.indexOf(false)];
    const h = 2 ** -8;
    const at = (move: number) =>
      flow.through(
        layer.layer,
        layer.x.map((v, i) => (i === from ? v + move : v)),
      );
    const slope = (at(h)[to]! - at(-h)[to]!) / (2 * h);
    const matrix = frame.locator('.matrix [role=group]');
    await matrix.focus();
    for (let i = 0; i < 3; i++) await matrix.press('ArrowLeft');
    await matrix.press('ArrowUp');
    await matrix.press('ArrowDown');
    const said = await frame.locator('.matrix .readout').innerText();
    near(value(said.split('=')[1]!), slope, 0.02 + 0.02 * Math.abs(slope), said);
  }
});

/** The colors of all pixels of a map's cell. */
function inCell(picture: Raster, cell: number, columns: number): number[][] {
  const side = Math.floor(picture.width / columns);
  const left = (cell % columns) * side;
  const top = Math.floor(cell / columns) * side;
  return Array.from({ length: side * side }, (_, k) => [
    ...rgba(picture, left + (k % side), top + Math.floor(k / side)).subarray(0, 3),
  ]);
}
