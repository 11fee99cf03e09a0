/** What the menu of a view copies and saves. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { parseNpy } from '../../src/data/npy';
import { until } from '../extension/ours';
import type { Numbers } from './command-line';
import type { Workbench } from './workbench';

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
export async function allowClipboard({ page }: Workbench): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
}

/** Chooses from the menu of the first view that the selector finds. */
export async function take(frame: Frame, view: string, entry: string): Promise<void> {
  await frame.locator(view).first().locator('.take-button').first().click();
  await frame.getByRole('menuitem', { name: entry }).click();
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

const setting = () => vscode.workspace.getConfiguration('files');

/** The window's own file dialogs can be driven, those of the system cannot. Resolves to what undoes it. */
export async function simpleDialogs(): Promise<() => Promise<void>> {
  const before = setting().inspect<boolean>('simpleDialog.enable')?.globalValue;
  const become = (value: boolean | undefined) =>
    setting().update('simpleDialog.enable', value, vscode.ConfigurationTarget.Global);
  await become(true);
  return async () => become(before);
}

/** Saves a view where it is proposed, reads what was written, and removes it. */
export async function saved(
  workbench: Workbench,
  frame: Frame,
  view: string,
  entry: string,
): Promise<Buffer> {
  await take(frame, view, entry);
  const file = await acceptFile(workbench);
  let length = 0;
  const bytes = await until(`the file ${file}`, () => {
    const found = existsSync(file) ? readFileSync(file) : undefined;
    const whole = found !== undefined && found.length > 0 && found.length === length;
    length = found?.length ?? 0;
    return whole && found;
  });
  rmSync(file);
  return bytes;
}

/**
 * Accepts the name that a dialog proposes, and says which. None of ours is typed: a dialog that is still reading the folder
 * would take another.
 */
export async function acceptFile(workbench: Workbench): Promise<string> {
  const input = workbench.input();
  await input.waitFor();
  const file = await until('the proposed name', async () => {
    const proposed = await input.inputValue();
    return path.isAbsolute(proposed) && path.extname(proposed) !== '' && proposed;
  });
  await until('the end of the dialog', async () => {
    if (!(await input.isVisible())) return true;
    await workbench.page.keyboard.press('Enter');
    return input.waitFor({ state: 'hidden', timeout: 1000 }).then(
      () => true,
      () => false,
    );
  });
  return file;
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
