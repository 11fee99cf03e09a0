/** The one status bar item of several trainings: what it says, and what a click on it does to the one that is chosen. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, closeAll, openInspectors, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('the status bar with two trainings', function () {
  this.timeout(180_000);
  let workbench: Workbench;
  const folder = (run: string) => path.join(workspaceFolder().fsPath, 'runs', run);
  const config = () => vscode.Uri.joinPath(workspaceFolder(), 'bar.flow.json');
  const status = (run: string) =>
    JSON.parse(readFileSync(path.join(folder(run), 'run.json'), 'utf8')) as { status: string; step: number };
  const text = async () => (await api()).statusBarText() ?? '';
  const shows = (expected: RegExp) =>
    until(String(expected), async () => expected.test(await text()), 60_000);

  /** Clicks the item, picks the run where several are offered, and then the action. */
  async function act(run: string | undefined, action: string): Promise<void> {
    await workbench.statusBar(run ? /\d trainings/ : /bar-|paused/).click();
    if (run) {
      await until('the trainings to choose from', async () => (await workbench.rows().count()) === 2);
      await workbench.pick(run);
    }
    await workbench.title().waitFor();
    await workbench.pick(action);
  }

  before(async () => {
    workbench = await Workbench.connect();
    await api();
    // Long enough not to end by themselves.
    const long = {
      data: { source: 'moons' },
      model: { kind: 'vector', dim: 2 },
      training: { steps: 1_000_000 },
    };
    writeFileSync(config().fsPath, JSON.stringify(long));
    for (const run of ['bar-one', 'bar-two'])
      await vscode.commands.executeCommand('flowscope.trainConfig', config(), { output: `runs/${run}` });
    await until(
      'steps of both',
      () => {
        try {
          return ['bar-one', 'bar-two'].every((run) => status(run).step > 0);
        } catch {
          return false;
        }
      },
      120_000,
    );
  });

  after(async () => {
    for (const run of ['bar-one', 'bar-two'])
      await vscode.commands.executeCommand('flowscope.stopTraining', vscode.Uri.file(folder(run)));
    const flowscope = await api();
    await until('the end of both', () => flowscope.enginePids().trainings.length === 0, 60_000);
    await closeAll();
    rmSync(config().fsPath);
    await workbench.close();
  });

  it('counts them in one item', async () => {
    await shows(/^\$\(pulse\) 2 trainings$/);
    assert.equal(
      await workbench.page.locator('.statusbar-item', { hasText: /trainings|bar-one/ }).count(),
      1,
    );
  });

  it('pauses the one that is chosen, while the other goes on', async () => {
    await act('bar-two', 'Pause Training');
    await shows(/^\$\(pulse\) 2 trainings · 1 paused$/);
    await until('the record of the pause', () => status('bar-two').status === 'paused');
    assert.equal(status('bar-one').status, 'running');
    const before = status('bar-one').step;
    await until('further steps of the other', () => status('bar-one').step > before, 60_000);
    await workbench.screenshot('status-bar-two');
  });

  it('resumes it', async () => {
    const before = status('bar-two').step;
    await act('bar-two', 'Resume Training');
    await shows(/^\$\(pulse\) 2 trainings$/);
    await until('further steps', () => status('bar-two').step > before, 60_000);
  });

  it('opens the best checkpoint of the one that is chosen', async () => {
    await act('bar-one', 'Open Best Checkpoint');
    await until('the inspector', () =>
      openInspectors().includes('flowscope.inspector best.flow.safetensors'),
    );
    // An editor that takes the focus when it is there would close the next list that is opened.
    await workbench.webview('.strip');
    const { input } = vscode.window.tabGroups.activeTabGroup.activeTab!;
    assert.equal(
      (input as vscode.TabInputCustom).uri.fsPath,
      path.join(folder('bar-one'), 'checkpoints', 'best.flow.safetensors'),
    );
  });

  it('stops the one that is chosen, and then tells of the other', async () => {
    await act('bar-one', 'Stop Training');
    await shows(/^\$\(pulse\) bar-two (\d+%|step \d+) · /);
    assert.equal(status('bar-one').status, 'stopped');
    assert.equal(status('bar-two').status, 'running');
    await act(undefined, 'Pause Training');
    await shows(/^\$\(debug-pause\) bar-two (\d+%|step \d+) · paused$/);
  });
});
