/** The Layers view and the commands that the page of the active inspector carries out. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, closeAll, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('layers of the active inspector', function () {
  this.timeout(120_000);
  let workbench: Workbench;
  const run = (command: string, ...given: unknown[]) =>
    vscode.commands.executeCommand(`flowscope.${command}`, ...given);

  before(async () => {
    workbench = await Workbench.connect();
    const flowscope = await api();
    await run('train', { data: 'digits', output: 'runs/digits-layers', maxSteps: 20 });
    await until('a trained flow', () => flowscope.enginePids().trainings.length === 0, 90_000);
    const file = vscode.Uri.joinPath(
      workspaceFolder(),
      'runs/digits-layers/checkpoints/best.flow.safetensors',
    );
    await vscode.commands.executeCommand('flowscope.layers.focus');
    await vscode.commands.executeCommand('vscode.open', file);
  });

  after(async () => {
    await closeAll();
    await workbench.close();
  });

  it('are listed by scale, with shape and log-det, and the selected one is marked', async () => {
    const flowscope = await api();
    const { items } = await until(
      'log-dets',
      () => flowscope.layers().items.some((item) => item.includes('nats')) && flowscope.layers(),
      60_000,
    );
    assert.match(items[0]!, /^Scale 1 \d+ layers$/);
    assert.match(
      items.find((item) => item.startsWith('Coupling 1 '))!,
      / mean [+−]?\d+\.\d nats · \d+×\d+×\d+$/,
    );
    assert.ok(items.some((item) => item.startsWith('Scale 2 ')));
    assert.equal(flowscope.layers().badge, undefined);
    await until('the selection', () => flowscope.layers().selected[0]?.startsWith('Coupling 1 '));
  });

  it('are selected in the page by a click, and in the list by the page', async () => {
    const flowscope = await api();
    const frame = await workbench.webview('[role=listbox] [role=option]');
    const title = () => frame.locator('.head h2').innerText();
    const row = workbench.page.locator('.pane-body .monaco-list-row').filter({ hasText: 'Coupling 3' });
    await row.first().click();
    await until('the page to follow', async () => (await title()) === 'Coupling 3');
    await run('nextLayer');
    await until('the next layer', async () => (await title()) !== 'Coupling 3');
    const next = await title();
    await until('the list to follow', () => flowscope.layers().selected[0]?.startsWith(`${next} `));
    await run('showLogDet');
    await frame.getByRole('tab', { name: 'Log-det', selected: true }).waitFor();
    // The row was clicked long enough ago to be a place to go back to.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await run('firstLayer');
    await until('the first layer', async () => (await title()) === 'Logit');
    await run('goBack');
    await until('the way back', async () => (await title()) === next);
    await run('copyReport');
    await until('a report', async () => /bits\/dim/.test(await vscode.env.clipboard.readText()));
  });

  it('have their commands in the palette only beside an inspector', async () => {
    await workbench.palette('Flowscope: Last Layer');
    const frame = await workbench.webview('[role=listbox] [role=option]');
    await until('the last layer', async () => (await frame.locator('.head h2').innerText()) !== 'Logit');
    const text = await vscode.workspace.openTextDocument({ content: 'text' });
    await vscode.window.showTextDocument(text);
    const flowscope = await api();
    await until('an empty list', () => flowscope.layers().items.length === 0);
    await workbench.page.keyboard.press('Escape');
    await workbench.page.keyboard.press('F1');
    // The list shows a part of what it has, so each is asked for by its name.
    const log = workbench.rows().filter({ hasText: 'Show Log' }).first();
    await workbench.input().fill('>Flowscope: Show Log');
    await log.waitFor();
    await workbench.input().fill('>Flowscope: Last Layer');
    await log.waitFor({ state: 'detached' });
    assert.equal(await workbench.rows().filter({ hasText: 'Last Layer' }).count(), 0);
    await workbench.page.keyboard.press('Escape');
  });
});
