/** A training of two PyTorch processes: started from the palette, followed, paused and resumed in the inspector. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { others } from '../inspector/comparison';
import { showTab } from '../inspector/models';
import { until } from '../inspector/until';
import { inWindow } from './in-window';
import { statusOf } from './run-status';
import type { Workbench } from './workbench';
import { tried } from '../tried';

/** What is asked after the place, and what is answered. */
const places = {
  'Several processes': { 'How many processes?': '2' },
  Ray: { 'How many workers?': '2', 'Address of the cluster of Ray': '' },
};

for (const [place, answers] of tried(
  'e2e/train-on: places',
  Object.entries(places),
  ([name]) => name === 'Several processes',
))
  describe(`a training with ${place}`, function () {
    this.timeout(600_000);
    let workbench: Workbench;
    let tries = 0;
    const name = `with-${place.replace(' ', '-')}`;

    inWindow(
      async (window) => {
        workbench = window;
      },
      { files: others },
    );

    it('is started from the palette, followed live, paused and resumed from the inspector', async () => {
      const run = others(`${name}-${++tries}`);
      // Longer than anybody looks, and validated as often as it is looked at here.
      writeFileSync(
        `${run}.flow.json`,
        JSON.stringify({
          preset: 'moons',
          data: { source: 'moons' },
          training: { steps: 1_000_000, validateEvery: 20, checkpointEvery: 100_000 },
        }),
      );
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(`${run}.flow.json`));
      await workbench.palette('Flowscope: Train On');
      // What was found there, which comes after the name.
      const row = workbench.rows().filter({ hasText: new RegExp(`${place}.*PyTorch \\d`, 's') });
      await row.first().waitFor();
      await workbench.screenshot('train-on-1-places');
      await row.first().click();
      for (const [question, answer] of Object.entries(answers)) {
        await workbench.page.locator('.quick-input-widget:visible').filter({ hasText: question }).waitFor();
        await workbench.input().fill(answer);
        await workbench.accept();
      }
      await workbench.title().filter({ hasText: 'Train RealNVP (1/' }).waitFor();
      await workbench.screenshot('train-on-2-data');
      await workbench.pick(`${path.basename(run)}.flow.json`);
      await workbench.title().filter({ hasText: '(2/2)' }).waitFor();
      await workbench.input().fill(run);
      await workbench.accept();

      const best = path.join(run, 'checkpoints', 'best.flow.safetensors');
      await until('a checkpoint', () => existsSync(best), 240_000);
      await workbench.statusBar(new RegExp(`${name}-\\d step \\d+`)).waitFor();
      void vscode.commands.executeCommand('flowscope.openInInspector', vscode.Uri.file(best));
      const frame = await workbench.webview('[data-result]');
      await showTab(frame, '.diag', 'Run');
      const { step } = statusOf(run);
      await until('further steps', () => statusOf(run).step > step, 60_000);
      const control = frame.locator('.run-control');
      await control.getByText('Pause', { exact: true }).click();
      await until('the pause', () => statusOf(run).status === 'paused', 60_000);
      await frame.locator('[data-run-status=paused]').waitFor();
      await workbench.screenshot('train-on-3-paused');
      const paused = statusOf(run).step;
      await control.getByText('Resume', { exact: true }).click();
      await until('steps after the pause', () => statusOf(run).step > paused, 60_000);
      await control.getByText('Stop', { exact: true }).click();
      await until('its end', () => statusOf(run).status === 'stopped', 60_000);
      await frame.locator('[data-run-status=stopped]').waitFor();
      assert.ok(existsSync(path.join(run, 'checkpoints', 'last.flow.safetensors')));
    });
  });
