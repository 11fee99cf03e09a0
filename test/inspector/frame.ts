/** What a test reads from an inspector in the window: its numbers as numbers, its canvases as pixels. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { encodeNpy } from '../../src/data/npy';
import { patience, until } from './until';
import { rasterOf, rgba } from './rasters';

/** "−1,234.5" → −1234.5 */
export function parseNumber(text: string): number {
  return Number(text.replace('−', '-').replace('+', '').replaceAll(',', '').trim());
}

const number = /[−+]?[\d,]*\.?\d+(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?/;
/** The first number in a text, of "7.2·10⁻⁷" too. */
export function value(text: string): number {
  const [found = 'NaN'] = number.exec(text) ?? [];
  const [digits, power] = found.split('·10');
  const exponent = (power ?? '⁰')
    .replace(/[⁰¹²³⁴-⁹]/g, (c) => String('⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(c)))
    .replace('⁻', '-');
  return parseNumber(digits!) * 10 ** Number(exponent);
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** What rounding does to a sum of numbers that are written so. */
export const rounding = (texts: readonly string[]): number =>
  sum(texts.map((text) => 0.51 * 10 ** -(text.split('.')[1]?.length ?? 0)));

/** What the example costs, as the bar says it: bits/dim of images, nats of vectors. */
export async function result(frame: Frame): Promise<number> {
  return parseNumber(await frame.locator('[data-result]').innerText());
}

/** Waits until the bar's number is the one that is expected, to the digits that it shows. */
export async function untilResult(frame: Frame, expected: number, digits = 2): Promise<void> {
  const tolerance = 0.51 * 10 ** -digits;
  let last = NaN;
  await until(
    `${expected.toFixed(digits)} in the bar`,
    async () => {
      last = await result(frame).catch(() => NaN);
      return Math.abs(last - expected) <= tolerance;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}: it says ${last}`, { cause: error });
  });
}

/** Red, green and blue of each pixel of the first canvas that the selector finds. */
export async function pixels(frame: Frame, selector: string): Promise<number[][]> {
  const { data } = await rasterOf(frame, selector);
  return Array.from({ length: data.length / 4 }, (_, i) => [...data.subarray(4 * i, 4 * i + 3)]);
}

/** The same text for the same pixels. */
export async function drawn(frame: Frame, selector: string): Promise<string> {
  return Buffer.from((await rasterOf(frame, selector)).data).toString('latin1');
}

/** Waits until the canvas shows more than one color. */
export async function untilInk(frame: Frame, selector: string): Promise<void> {
  await until(`a picture in ${selector}`, async () => {
    const { data } = await rasterOf(frame, selector).catch(() => ({ data: new Uint8Array() }));
    return data.some((v, i) => i % 4 < 3 && v !== data[i % 4]);
  });
}

/** Log-dets of the couplings as the strip says them, in nats, from x to z. */
export async function couplingLogDets(frame: Frame): Promise<number[]> {
  const rows = await frame.locator('.flow [data-layer]').evaluateAll((elements) =>
    elements.flatMap((row) => {
      const number = row.querySelector('.num')?.textContent;
      return row.querySelector('.idx')?.textContent && number ? [number] : [];
    }),
  );
  return rows.map(parseNumber);
}

export function near(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what} ${actual}, expected ${expected} within ${tolerance}`,
  );
}

/** Gives an example as a row of numbers, and waits until it is the one that is looked at. */
export async function giveValues(frame: Frame, name: string, values: Float32Array): Promise<void> {
  const buffer = Buffer.from(encodeNpy({ shape: [values.length], data: values }));
  await frame.locator('input[data-name=example-file]').setInputFiles({ name, mimeType: '', buffer });
  await frame.locator('.bar .selected-value', { hasText: name }).waitFor();
}

/**
 * Tries a check until it holds; throws what it last threw. For what is drawn a moment after it is asked for.
 * @param milliseconds on a machine of usual pace
 */
export async function eventually(check: () => Promise<void>, milliseconds = 20_000): Promise<void> {
  const end = Date.now() + patience(milliseconds);
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(100);
    }
  }
}

/** Whether the page has a light theme, which has a color map of its own. */
export function isLight(frame: Frame): Promise<boolean> {
  return frame.evaluate(() => {
    const { classList } = document.body;
    return classList.contains('vscode-light') || classList.contains('vscode-high-contrast-light');
  });
}

/** Colors of a map's cells, row by row: near their corner, where nothing is written over them. */
export async function cells(
  frame: Frame,
  selector: string,
  rows: number,
  columns: number,
): Promise<number[][]> {
  const raster = await rasterOf(frame, selector);
  const cell = raster.width / columns;
  const inside = Math.min(1, Math.floor(cell) - 1);
  return Array.from({ length: rows * columns }, (_, i) => {
    const x = Math.floor((i % columns) * cell) + inside;
    const y = Math.floor(Math.floor(i / columns) * cell) + inside;
    return [...rgba(raster, x, y).subarray(0, 3)];
  });
}

export function nearColor(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.ok(
    expected.every((channel, k) => Math.abs(channel - actual[k]!) <= 2),
    `${what} is drawn as ${actual.join()}, expected ${expected.join()}`,
  );
}
