/** An ONNX file that computes for ever: stopped from the notification, and opened again from its page. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { endlessModel } from '../engine/onnx/endless';
import { until } from '../inspector/until';
import { api, closeAll, workspaceFolder } from './ours';

describe('an ONNX file that never ends', function () {
  this.timeout(180_000);
  let workbench: Workbench;
  const file = () => path.join(workspaceFolder().fsPath, 'endless.onnx');

  before(async () => {
    workbench = await Workbench.connect();
    writeFileSync(file(), endlessModel());
  });

  after(async () => {
    await closeAll();
    rmSync(file(), { force: true });
    await workbench.close();
  });

  it('is stopped from the notification, and opened again from its page', async () => {
    const { enginePids } = await api();
    const alone = () => enginePids().alone;
    await vscode.commands.executeCommand('flowscope.openModel', vscode.Uri.file(file()));
    const message = await workbench.notification(/endless\.onnx has not answered for some seconds/);
    const [pid] = alone();
    assert.ok(pid);
    await message.getByText('Stop This Model').click();
    await until('its engine is gone', () => alone().length === 0);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });

    const page = await workbench.webview('.whole [role=alert]');
    await page
      .getByText(/The engine process was stopped/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Retry' }).first().click();
    await until('another engine runs it', () => alone().length === 1 && alone()[0] !== pid);
    await vscode.commands.executeCommand('flowscope.stopModel');
    await until('that one is gone too', () => alone().length === 0);
  });
});
