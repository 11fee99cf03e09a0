/** The window's own file dialogs, which a test can drive; those of the system it cannot. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { until } from '../inspector/until';
import type { Workbench } from './workbench';

const setting = () => vscode.workspace.getConfiguration('files');

/** Resolves to what undoes it. */
export async function simpleDialogs(): Promise<() => Promise<void>> {
  const before = setting().inspect<boolean>('simpleDialog.enable')?.globalValue;
  const become = (value: boolean | undefined) =>
    setting().update('simpleDialog.enable', value, vscode.ConfigurationTarget.Global);
  await become(true);
  return async () => become(before);
}

/** Accepts the name that a dialog proposes, reads what was written there, and removes it. */
export async function acceptSave(workbench: Workbench): Promise<Buffer> {
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
