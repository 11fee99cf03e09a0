/** What a user does from first to last, through the interface: train, cancel, resume, look inside, export, open the export. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { workspaceFolder } from '../extension/ours';
import { until } from '../inspector/until';
import { simpleDialogs } from './dialogs';
import { Workbench } from './workbench';

describe('the whole path', function () {
  this.timeout(240_000);
  let failed = false;
  let workbench: Workbench;
  let page: Frame;
  let restoreDialogs: () => Promise<void>;
  const run = () => path.join(workspaceFolder().fsPath, 'runs', 'digits');
  const status = () =>
    JSON.parse(readFileSync(path.join(run(), 'run.json'), 'utf8')) as { status: string; step: number };
  /**
   * The step that was measured last, 0 before the first: that of run.json comes along with checkpoints only, and the status
   * bar has a loss before the first line is written.
   */
  const measured = () => {
    if (!existsSync(path.join(run(), 'metrics.jsonl'))) return 0;
    const lines = readFileSync(path.join(run(), 'metrics.jsonl'), 'utf8').split('\n').slice(0, -1);
    return (JSON.parse(lines.at(-1) ?? '{"step":0}') as { step: number }).step;
  };

  before(async () => {
    workbench = await Workbench.connect();
    restoreDialogs = await simpleDialogs();
  });

  // Each step stands on the one before. Mocha's own way would end this suite for a failure in any other.
  beforeEach(() => {
    if (failed) throw new Error('The step before failed, which this one and those after it stand on.');
  });
  afterEach(async function () {
    failed ||= this.currentTest?.state === 'failed';
    if (failed && this.currentTest)
      await workbench.screenshot(`failed-${this.currentTest.title.slice(0, 40)}`);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  after(async () => {
    await restoreDialogs();
    await workbench.close();
  });

  it('trains on the digits from the palette', async () => {
    await workbench.palette('Flowscope: Train RealNVP');
    await workbench.title().filter({ hasText: 'Train RealNVP (1/3)' }).waitFor();
    await workbench.screenshot('1-data');
    await workbench.pick('Handwritten digits');
    await workbench.title().filter({ hasText: '(2/3)' }).waitFor();
    await workbench.pick('recommended');
    await workbench.title().filter({ hasText: '(3/3)' }).waitFor();
    assert.match(await workbench.input().inputValue(), /^runs.digits$/);
    await workbench.accept();
    const item = workbench.statusBar(/digits (\d+%|step \d+) · \d\.\d{3} bits\/dim · .* left/);
    await item.waitFor({ timeout: 150_000 });
    await until('a validated model', () => measured() >= 50, 150_000);
    await vscode.commands.executeCommand('workbench.view.extension.flowscope');
    await workbench.page.locator('.tree-explorer-viewlet-tree-view', { hasText: 'training' }).waitFor();
    await workbench.screenshot('2-training');
  });

  it('cancels, and has saved', async () => {
    await workbench.palette('Flowscope: Stop Training');
    await workbench.notification(/Training of digits: Stopped at step \d+/);
    await workbench.screenshot('3-stopped');
    assert.equal(status().status, 'stopped');
  });

  it('resumes', async () => {
    const before = status().step;
    await workbench.palette('Flowscope: Resume Training');
    // The only run is not asked for; other tests may have left some.
    const row = workbench.rows().filter({ hasText: 'digits' }).first();
    await until('a question or further steps', async () => (await row.isVisible()) || measured() > before);
    if (await row.isVisible()) await workbench.pick('digits');
    await until('further steps', () => measured() > before, 150_000);
    await workbench.palette('Flowscope: Stop Training');
    const message = await workbench.notification(/Training of digits: Stopped at step \d+/);
    await message.getByText('Open in Inspector').click();
  });

  it('shows the checkpoint in the inspector', async () => {
    page = await workbench.webview('[role=tab]');
    await page.getByRole('tab', { name: 'Activations' }).waitFor();
    await workbench.screenshot('4-inspector');
  });

  for (const [number, tab, expected] of [
    [5, 'Activations', /log scale/i],
    [6, 'Mask', /32 of 64 are read, 32 move/],
    [7, 'Log-det', /nats/i],
  ] as const) {
    it(`shows ${tab} drawn from the model`, async () => {
      await page.getByRole('tab', { name: tab }).first().click();
      const panel = page.getByRole('tabpanel').first();
      await until(`${tab} to be drawn`, async () => expected.test(await panel.innerText()));
      await until(`a picture in ${tab}`, () => hasInk(page, '[role=tabpanel] canvas'));
      await workbench.screenshot(`${number}-${tab.toLowerCase()}`);
    });
  }

  it('shows samples, and others for another seed', async () => {
    const first = page.getByRole('button', { name: 'Sample 1', exact: true }).locator('canvas');
    await first.scrollIntoViewIfNeeded();
    const drawn = () => first.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await until('samples', async () => {
      return (await hasInk(page, '.thumbs button[aria-label="Sample 1"] canvas')) && drawn();
    });
    const seed = page.locator('vscode-text-field[title="Seed"] input');
    await seed.fill('1234');
    await seed.press('Enter');
    await until('other samples', async () => (await drawn()) !== before);
    await first.scrollIntoViewIfNeeded();
    await workbench.screenshot('8-samples');
  });

  it('exports a PyTorch module, and opens it', async () => {
    await workbench.palette('Flowscope: Export to PyTorch');
    await workbench.title().filter({ hasText: 'Export to PyTorch' }).waitFor();
    await workbench.accept();
    const message = await workbench.notification(/Exported flow\.py .*weights\.safetensors/, 120_000);
    await message.getByRole('button', { name: 'Open', exact: true }).click();
    await until('flow.py', () =>
      /class Flow\(nn\.Module\)/.test(vscode.window.activeTextEditor?.document.getText() ?? ''),
    );
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('exports ONNX that agrees with the model, and opens it', async () => {
    await workbench.palette('Flowscope: Export to ONNX');
    await workbench.title().filter({ hasText: 'Export to ONNX' }).waitFor();
    await workbench.accept();
    const message = await workbench.notification(/differ from the model by/, 120_000);
    await workbench.screenshot('9-exported');
    const [, difference] = /by at most (\S+)/.exec(await message.innerText()) ?? [];
    assert.ok(Number(difference) <= 1e-3, `difference ${difference}`);
    await message.getByText('Open in Inspector').click();
    const onnx = await workbench.webview('text=/opset/i');
    await onnx.getByText(/17/).first().waitFor();
    await workbench.screenshot('10-onnx');
  });
});

/** Whether a canvas of the selection shows more than one color. */
async function hasInk(frame: Frame, selector: string): Promise<boolean> {
  return frame.evaluate((query) => {
    return [...document.querySelectorAll<HTMLCanvasElement>(query)].some((canvas) => {
      if (canvas.width === 0 || canvas.height === 0) return false;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(data.buffer);
      return pixels.some((pixel) => pixel !== pixels[0]);
    });
  }, selector);
}
