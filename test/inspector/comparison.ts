/** Two flows beside one another in the page: its numbers against the command line's, its pixels against one another. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { Frame } from 'playwright-core';
import { signedScale } from '../../webview/base/canvas/color-maps';
import { scoreRows, type Parts, type Scores } from './command-line';
import { folder, type Model } from './models';
import { eventually, isLight, near, parseNumber, pixels, rounding, sum, untilInk } from './frame';
import { exampleOf } from './reference';
import type { InspectorWindow } from './window';

/** Files of the suites that compare. */
export const others = (...names: string[]): string => folder('others', ...names);

const known = new Map<string, Promise<Scores & Parts>>();
/** What the known example costs by the command line, asked once for each state of a file. */
export function scored(model: Model, file: string): Promise<Scores & Parts> {
  const state = `${file} ${statSync(file).mtimeMs}`;
  const asked =
    known.get(state) ?? scoreRows(file, model.shape, others(`${known.size}.npy`), [exampleOf(model)]);
  known.set(state, asked);
  return asked;
}

interface ComparedLayer {
  name: string;
  a: number;
  b: number;
  difference: number;
}

/** Totals and log-dets of A, `model`, and B, of the example that was given. */
export async function compared(frame: Frame, model: Model, other: string): Promise<ComparedLayer[]> {
  const [a, b] = await Promise.all([scored(model, model.file()), scored(model, other)]);
  const [here, there] = [-a.nats[0]!, -b.nats[0]!];
  const totals = frame.locator('[data-totals] .num');
  await eventually(async () => {
    near(parseNumber(await totals.nth(0).innerText()), here, 0.0011, 'the total of A');
    near(parseNumber(await totals.nth(1).innerText()), there, 0.0011, 'the total of B');
    near(parseNumber(await totals.nth(2).innerText()), there - here, 0.0016, 'the difference');
  });
  const rows = await frame
    .locator('[data-compared]')
    .evaluateAll((elements) =>
      elements.map((row) => ({
        name: row.getAttribute('data-compared')!,
        texts: [...row.querySelectorAll('.num')].map((cell) => cell.textContent),
      })),
    );
  for (const [k, { mean }] of [a, b].entries()) {
    const texts = rows.map((row) => row.texts[k]!);
    const logDet = mean.couplings + mean.norm + mean.preprocessing;
    near(sum(texts.map(parseNumber)), logDet, rounding(texts), `log-dets of ${'AB'[k]}`);
  }
  return rows.map(({ name, texts }) => {
    const [first, second, difference] = texts.map(parseNumber);
    // Each is rounded for itself.
    near(difference!, second! - first!, 0.0016, `B − A of ${name}`);
    return { name, a: first!, b: second!, difference: difference! };
  });
}

export const couplingsOf = (rows: readonly ComparedLayer[]): ComparedLayer[] =>
  rows.filter(({ name }) => /coupling|checkerboard|channelwise/.test(name));

export async function select(frame: Frame, name: string): Promise<string> {
  const row = frame.locator(`[data-compared="${name}"]`);
  await row.click();
  const title = (await row.locator('.name').innerText()).trim();
  await frame.locator('.compare-part h2', { hasText: title }).waitFor();
  assert.equal(await row.getAttribute('aria-selected'), 'true');
  return title;
}

interface MapValues {
  limit: number;
  values: number[];
  colors: string[];
}

/** Values of a map of the comparison, read from its colors; the range is that of its legend. */
async function valuesOf(frame: Frame, tensor: string, of: 'A' | 'B' | 'B − A'): Promise<MapValues> {
  const column = frame.locator(`[data-map="${tensor}"]`);
  const legend = await column.locator('.legend').first().innerText();
  const limit = parseNumber(legend.trim().split(/\s+/).at(-1)!);
  const scale = signedScale(limit, await isLight(frame));
  const steps = 800;
  const shades = Array.from({ length: steps + 1 }, (_, i) => {
    const value = limit * ((2 * i) / steps - 1);
    return { value, rgb: scale.at(value) };
  });
  const colors = new Map<string, number>();
  const values = (await pixels(frame, `canvas[data-name="${tensor} ${of}"]`)).map((rgb) => {
    const key = rgb.join();
    let value = colors.get(key);
    if (value === undefined) {
      const off = (other: readonly number[]) => sum(other.map((shade, k) => (shade - rgb[k]!) ** 2));
      value = shades.reduce((best, next) => (off(next.rgb) < off(best.rgb) ? next : best)).value;
      colors.set(key, value);
    }
    return value;
  });
  return { limit, values, colors: [...colors.keys()] };
}

/** The map of B − A has at each pixel the color of what the other two differ by. */
export async function differs(
  frame: Frame,
  tensor: string,
): Promise<{ a: MapValues; b: MapValues; difference: MapValues }> {
  await untilInk(frame, `canvas[data-name="${tensor} B − A"]`).catch(() => undefined);
  const [a, b, difference] = [
    await valuesOf(frame, tensor, 'A'),
    await valuesOf(frame, tensor, 'B'),
    await valuesOf(frame, tensor, 'B − A'),
  ];
  assert.equal(difference.values.length, a.values.length);
  difference.values.forEach((value, i) => {
    const wanted = Math.min(a.limit, Math.max(-a.limit, b.values[i]! - a.values[i]!));
    near(value, wanted, 0.035 * a.limit, `B − A of ${tensor} at pixel ${i}`);
  });
  return { a, b, difference };
}

/** The same goes into the first coupling of both: its map of B − A is zero everywhere. */
export async function sameInput(frame: Frame, rows: readonly ComparedLayer[]): Promise<void> {
  await select(frame, couplingsOf(rows)[0]!.name);
  await eventually(async () => {
    const { colors, values } = await valuesOf(frame, 'x', 'B − A');
    assert.equal(colors.length, 1, 'one color');
    assert.equal(values[0], 0);
  });
}

/** What comes out of the last coupling differs. Resolves to the coupling's title. */
export async function otherOutput(frame: Frame, rows: readonly ComparedLayer[]): Promise<string> {
  const title = await select(frame, couplingsOf(rows).at(-1)!.name);
  await eventually(async () => {
    const { difference } = await differs(frame, 'y');
    assert.ok(difference.colors.length > 1, 'the outputs differ');
  });
  return title;
}

export async function openComparison(frame: Frame): Promise<void> {
  await frame.locator('.diag').getByText('Compare', { exact: true }).click();
  await frame.locator('.compare-head').waitFor();
}

/** By the list of models and the file dialog behind it. */
export async function chooseOther(
  window: InspectorWindow,
  frame: Frame,
  file: string,
  title: string,
): Promise<void> {
  await frame.getByRole('button', { name: 'Another file…' }).click();
  await window.chooseModel(file);
  await frame.locator('.compare-head h1', { hasText: title }).waitFor();
}

/** From the list of other runs and of files that were looked at lately. */
export async function chooseListed(frame: Frame, says: RegExp | string, title: string): Promise<void> {
  const choice = frame.locator('.compare-choice vscode-dropdown');
  const option = choice.locator('vscode-option', { hasText: says }).first();
  await option.waitFor({ state: 'attached' });
  await choice.click();
  await option.click();
  await frame.locator('.compare-head h1', { hasText: title }).waitFor();
}

export async function endComparison(frame: Frame, title: string): Promise<void> {
  await frame.getByText('End comparison').click();
  await frame.locator('.head h2', { hasText: title }).waitFor();
  assert.match(await frame.locator('.flow [aria-selected=true]').innerText(), /\d/);
}
