/** What every suite does with the window: connects to it, keeps a picture where a test fails, and leaves it as it was. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { closeAll, ours, workspaceFolder } from '../extension/ours';
import { placeModels } from '../inspector/models';
import { simpleDialogs } from './dialogs';
import { Workbench } from './workbench';

interface WindowOptions {
  /** File dialogs are the window's own, which can be typed into. */
  dialogs?: boolean;
  /** A folder for the suite's files, made before and removed after. */
  files?: () => string;
  /** Editors stay open from test to test. */
  keepsEditors?: boolean;
}

/** Adds the hooks to the suite that calls; those that `begin` undoes in an `after` of its own are written before the call. */
export function inWindow(
  begin: (workbench: Workbench) => unknown,
  { dialogs = false, files, keepsEditors = false }: WindowOptions = {},
): void {
  let workbench: Workbench;
  let restoreDialogs: (() => Promise<void>) | undefined;

  before(async () => {
    process.env['FLOWSCOPE_TEST_CLI'] = path.join(ours().extensionPath, 'dist', 'cli.js');
    placeModels(path.join(workspaceFolder().fsPath, 'models'));
    workbench = await Workbench.connect();
    if (dialogs) restoreDialogs = await simpleDialogs();
    if (files) mkdirSync(files(), { recursive: true });
    await begin(workbench);
  });
  afterEach(async function () {
    // Of a try that is followed by another the state is not said.
    if (this.currentTest && this.currentTest.state !== 'passed' && !this.currentTest.pending)
      await workbench.screenshot(`failed-${this.currentTest.fullTitle().slice(0, 80)}`);
    if (keepsEditors) return;
    await workbench.page.keyboard.press('Escape');
    await closeAll();
    await vscode.commands.executeCommand('notifications.clearAll');
  });
  after(async () => {
    await restoreDialogs?.();
    if (files) rmSync(files(), { recursive: true, force: true });
    await workbench.close();
  });
}
