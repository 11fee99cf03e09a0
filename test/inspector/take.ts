/** What the menu of a view copies and saves. */
import { unzipSync } from 'fflate';
import type { Frame } from 'playwright-core';
import { parseNpy } from '../../src/data/npy';
import { drawn } from './frame';
import { until } from './until';
import type { Numbers } from './command-line';
import type { InspectorWindow } from './window';

export interface Table {
  head: string[];
  /** Lines below the head. */
  rows: string[][];
  /** Numbers of a column, by the start of its name: a unit may follow. */
  column(name: string): number[];
  /** The values of the examples, v0, v1, …: one array a row. */
  values(): number[][];
}

/** No cell of the tables of numbers holds a comma. */
export function tableOf(csv: string): Table {
  const [head = [], ...rows] = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const index = (name: string): number => {
    const at = head.findIndex((column) => column.split(' ')[0] === name);
    if (at < 0) throw new Error(`no column ${name} among ${head.join(', ')}`);
    return at;
  };
  return {
    head,
    rows,
    column(name) {
      const at = index(name);
      return rows.map((row) => Number(row[at]));
    },
    values() {
      const from = index('v0');
      return rows.map((row) => row.slice(from).map(Number));
    },
  };
}

/** The clipboard of the window, which asks before it is read unless that was settled. */
export async function allowClipboard({ page }: Pick<InspectorWindow, 'page'>): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
}

/** Chooses from the menu of the first view that the selector finds. */
export async function take(frame: Frame, view: string, entry: string): Promise<void> {
  const item = frame.getByRole('menuitem', { name: entry });
  // A view that is drawn anew takes its open menu with it.
  await until(`${entry} in the menu`, async () => {
    await frame.locator(view).first().locator('.take-button').first().click();
    return item.click({ timeout: 5000 }).then(
      () => true,
      () => false,
    );
  });
}

/** The numbers of a view as it copies them. */
export async function copyNumbers(frame: Frame, view: string): Promise<Table> {
  await frame.page().evaluate(() => navigator.clipboard.writeText(''));
  await take(frame, view, 'Copy numbers (CSV)');
  const csv = await until('numbers in the clipboard', async () => {
    return (await frame.page().evaluate(() => navigator.clipboard.readText())) || undefined;
  });
  return tableOf(csv);
}

/** Sets a slider as a drag to the value would. */
export async function slide(frame: Frame, name: string, value: number): Promise<void> {
  await frame.getByRole('slider', { name, exact: true }).fill(String(value));
}

/** The temperature of `coolSamples`. */
export const cool = 0.8;

/** Draws pictures at a temperature where those of a flow that has hardly learned have finite costs, too. */
export async function coolSamples(frame: Frame): Promise<void> {
  const first = (): Promise<string> => drawn(frame, '.gallery canvas').catch(() => '');
  await until('samples', async () => (await first()) !== '');
  const before = await first();
  await slide(frame, 'Temperature', cool);
  await until('cooler samples', async () => !['', before].includes(await first()));
}

/** Saves a view where it is proposed, and reads what was written. */
export async function saved(
  window: InspectorWindow,
  frame: Frame,
  view: string,
  entry: string,
): Promise<Buffer> {
  await take(frame, view, entry);
  return window.acceptSave();
}

/** The arrays of a saved .npz. */
export function arraysIn(npz: Uint8Array): Record<string, Numbers> {
  return Object.fromEntries(
    Object.entries(unzipSync(npz)).map(([name, bytes]) => {
      const { shape, data } = parseNpy(bytes, name);
      return [name.replace('.npy', ''), { shape, data: Float32Array.from(data as ArrayLike<number>) }];
    }),
  );
}
