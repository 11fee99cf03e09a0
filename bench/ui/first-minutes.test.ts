/** Walked as the walkthrough and docs/start.md say, by a user who reads for a few seconds at each step. */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { simpleDialogs } from '../../test/e2e/dialogs';
import { Workbench } from '../../test/e2e/workbench';
import { openInspectors } from '../../test/extension/ours';
import { until } from '../../test/inspector/until';

const { results } = JSON.parse(process.env['FLOWSCOPE_BENCH'] ?? '{}') as { results: string };
/** Seconds to read what a step shows. */
const reading = 8;

describe('the first minutes', function () {
  this.timeout(900_000);
  const rows: { does: string; waits: number; clock: number }[] = [];
  let workbench: Workbench;
  let restoreDialogs: () => Promise<void>;
  let began: number;

  before(async () => {
    workbench = await Workbench.connect();
    restoreDialogs = await simpleDialogs();
  });
  after(async () => {
    await restoreDialogs();
    await workbench.close();
    writeFileSync(results, JSON.stringify(rows));
  });

  /** Does something, waits for what it shows, and reads that. */
  async function step<T>(does: string, wait: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const shown = await wait();
    const waits = (performance.now() - started) / 1000;
    await workbench.screenshot(`minutes-${rows.length + 1}`);
    await pause(reading * 1000);
    rows.push({ does, waits, clock: (performance.now() - began) / 1000 });
    console.log(`      ${does}: ${waits.toFixed(1)} s`);
    return shown;
  }

  const settled = (frame: Frame): Promise<unknown> =>
    until('the numbers', async () => (await frame.locator('.flow[aria-busy=false]').count()) > 0, 120_000);

  it('lead to a flow of one’s own', async () => {
    began = performance.now();
    await step('opens the walkthrough', async () => {
      await vscode.commands.executeCommand('workbench.action.openWalkthrough', 'flowscope.flowscope#start');
      await workbench.page.getByText('Open a sample flow').first().waitFor();
    });
    const page = await step('opens the sample of two moons', async () => {
      await workbench.page.getByRole('button', { name: 'Two Moons' }).first().click();
      const frame = await workbench.webview('[role=listbox] [role=option]');
      await settled(frame);
      return frame;
    });
    await step('chooses the third coupling', async () => {
      await page.locator('.flow [data-layer="3"]').click();
      await page.locator('.flow [data-layer="3"][aria-selected=true]').waitFor();
      await page.locator('#layer-panel [aria-busy=true]').waitFor({ state: 'detached' });
    });
    await step('looks at its log-det', async () => {
      await page.getByRole('tab', { name: 'Log-det' }).click();
      await page.getByText('Over depth').waitFor();
    });
    await step('draws other samples', async () => {
      const seed = page.locator('vscode-text-field[title="Seed"] input');
      await seed.fill('11');
      await seed.press('Enter');
      await page.getByText('seed 11').first().waitFor();
    });
    await step('starts a training on two moons', async () => {
      await workbench.palette('Flowscope: Train RealNVP');
      await workbench.pick('Two moons');
      await workbench.title().filter({ hasText: '(2/3)' }).waitFor();
      await workbench.pick('recommended');
      await workbench.title().filter({ hasText: '(3/3)' }).waitFor();
      await workbench.accept();
      await workbench.statusBar(/moons \d+%/).waitFor({ timeout: 120_000 });
    });
    await step('opens the run while it trains', async () => {
      await vscode.commands.executeCommand('workbench.view.extension.flowscope');
      const rows = workbench.page.locator('.tree-explorer-viewlet-tree-view .monaco-list-row');
      await rows.filter({ hasText: 'moons' }).first().click();
      const best = rows.filter({ hasText: 'best' }).first();
      await best.waitFor();
      const before = openInspectors().length;
      await best.click();
      await until('its inspector', () => openInspectors().length > before, 120_000);
      const frame = await until(
        'its page',
        async () => {
          for (const candidate of workbench.page.frames()) {
            const shown = await candidate
              .locator('.flow [data-layer]')
              .count()
              .catch(() => 0);
            if (shown > 0 && candidate !== page) return candidate;
          }
          return undefined;
        },
        120_000,
      );
      await settled(frame);
    });
    await step('waits for the end of the training', async () => {
      await workbench.statusBar(/moons \d+%/).waitFor({ state: 'detached', timeout: 300_000 });
    });
    await step('exports it to ONNX', async () => {
      await workbench.palette('Flowscope: Export to ONNX');
      await workbench.title().filter({ hasText: 'Export to ONNX' }).waitFor();
      await workbench.accept();
      await workbench.notification(/differ from the model by/, 120_000);
    });
  });
});
