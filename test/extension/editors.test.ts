/** The inspector as an editor: which files it opens, several at once, and what it leaves behind. */
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, closeAll, openInspectors, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('inspector editors', function () {
  this.timeout(120_000);
  const checkpoint = (run: string, name = 'best') =>
    vscode.Uri.joinPath(workspaceFolder(), 'runs', run, 'checkpoints', `${name}.flow.safetensors`);
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.connect();
    const flowscope = await api();
    for (const data of ['moons', 'digits']) {
      await vscode.commands.executeCommand('flowscope.train', {
        data,
        output: `runs/${data}-open`,
        maxSteps: 20,
      });
      await until(`a trained ${data}`, () => flowscope.enginePids().trainings.length === 0, 90_000);
    }
  });

  afterEach(closeAll);
  after(() => workbench.close());

  it('open checkpoints by default and show what is in them', async () => {
    await vscode.commands.executeCommand('vscode.open', checkpoint('digits-open'));
    await until('the editor', () => openInspectors().includes('flowscope.inspector best.flow.safetensors'));
    const frame = await workbench.webview('[role=listbox] [role=option]');
    const policy = await frame.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    assert.match(policy ?? '', /default-src 'none'/);
    assert.doesNotMatch(policy ?? '', /unsafe/);
  });

  it('work for several files and several editors of one file', async () => {
    for (const run of ['moons-open', 'digits-open']) {
      await vscode.commands.executeCommand('flowscope.openInInspector', checkpoint(run));
    }
    await vscode.commands.executeCommand('workbench.action.splitEditor');
    await until('three editors', () => openInspectors().length === 3);
    await workbench.webview('[role=listbox] [role=option]');
    const flowscope = await api();
    assert.ok(flowscope.enginePids().inspection, 'one engine for all');
  });

  it('start another engine after a crash', async () => {
    await vscode.commands.executeCommand('flowscope.openInInspector', checkpoint('digits-open'));
    const flowscope = await api();
    const pid = await until('an engine', () => flowscope.enginePids().inspection);
    await workbench.webview('[role=listbox] [role=option]');
    process.kill(pid, 'SIGKILL');
    // The page's next question may start another engine before anyone has seen that there was none.
    await until('its end', () => flowscope.enginePids().inspection !== pid);
    await closeAll();
    await vscode.commands.executeCommand('flowscope.openInInspector', checkpoint('digits-open', 'last'));
    const next = await until('another engine', () => flowscope.enginePids().inspection);
    assert.notEqual(next, pid);
    await workbench.webview('[role=listbox] [role=option]');
  });

  it('end the engine some seconds after the last of them is closed', async () => {
    const flowscope = await api();
    await vscode.commands.executeCommand('flowscope.openInInspector', checkpoint('digits-open'));
    const pid = await until('an engine', () => flowscope.enginePids().inspection);
    await closeAll();
    const started = Date.now();
    await until('its end', () => flowscope.enginePids().inspection === undefined, 15_000);
    assert.ok(Date.now() - started > 2000, 'the engine waits for a next user');
    await until('the process to be gone', () => !isAlive(pid));
  });

  it('say what is wrong with a file that is no model', async () => {
    const broken = vscode.Uri.file(path.join(workspaceFolder().fsPath, 'broken.flow.safetensors'));
    await vscode.workspace.fs.writeFile(broken, new TextEncoder().encode('this is not a model'));
    await vscode.commands.executeCommand('vscode.open', broken);
    const frame = await workbench.webview('.state[role=alert]');
    assert.match(await frame.locator('.state[role=alert]').first().innerText(), /broken\.flow\.safetensors/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
