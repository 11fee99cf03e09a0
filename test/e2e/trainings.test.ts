/** Trainings that are steered or followed while they go on, and their runs beside those that ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { api, ours } from '../extension/ours';
import { until } from '../inspector/until';
import {
  chooseListed,
  compared,
  openComparison,
  otherOutput,
  others,
  sameInput,
} from '../inspector/comparison';
import { isImage, models, showTab, type Model } from '../inspector/models';
import { eventually, giveValues, near, parseNumber } from '../inspector/frame';
import { exampleOf } from '../inspector/reference';
import { inWindow } from './in-window';
import { statusOf } from './run-status';
import type { Workbench } from './workbench';

interface Row {
  step: number;
  learningRate?: number;
  trainNats?: number;
  trainBitsPerDim?: number;
  validationNats?: number;
  validationBitsPerDim?: number;
}
const metricsOf = (run: string): Row[] =>
  readFileSync(path.join(run, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
const lastOf = (run: string, metric: keyof Row) =>
  metricsOf(run).findLast((row) => row[metric] !== undefined)![metric]!;
const runOf = (model: Model) => path.dirname(path.dirname(model.file()));

/** What a chart says at its right end. */
async function readout(chart: ReturnType<Frame['locator']>): Promise<string> {
  await chart.press('End');
  return chart.locator('output').innerText();
}

/** The run that is open beside one of the five models: numbers, curves and, of images, pixels. */
async function besideEnded(frame: Frame, file: string, ended: Model): Promise<void> {
  const here: Model = { ...ended, file: () => file };
  await giveValues(frame, 'given.npy', exampleOf(ended));
  await openComparison(frame);
  const [name, step] = [path.basename(runOf(ended)), ended.steps.at(-1)!.toLocaleString('en-US')];
  await chooseListed(frame, new RegExp(`^${name}: Step ${step}`), `${name}, step ${step}`);
  const rows = await compared(frame, here, ended.file());
  await sameInput(frame, rows);
  await otherOutput(frame, rows);
  const chart = frame.locator('.compare .run-chart');
  await chart.locator('[data-line=B]').waitFor();
  const metric = isImage(ended) ? 'validationBitsPerDim' : 'validationNats';
  await eventually(async () => {
    const text = await readout(chart);
    const [, a, b] = /A ([−\d.]+) · B ([−\d.]+)/.exec(text) ?? [];
    near(parseNumber(a!), lastOf(runOf(here), metric), 0.0051, 'A at the end');
    near(parseNumber(b!), lastOf(runOf(ended), metric), 0.0051, 'B at its end');
  });
}

describe('trainings', function () {
  this.timeout(240_000);
  let workbench: Workbench;
  let tries = 0;

  inWindow(
    async (window) => {
      workbench = window;
    },
    { files: others },
  );

  // Of pictures; one of a plane is followed below.
  for (const model of models.filter(({ name }) => name === 'digits')) {
    it(`like that of ${model.name} are paused, given another rate, resumed, stopped and compared`, async () => {
      // Another folder for another try, whose training would go on.
      if ((await api()).enginePids().trainings.length > 0)
        await vscode.commands.executeCommand('flowscope.stopTraining');
      const run = others(`${path.basename(runOf(model))}-${++tries}`);
      const config = JSON.parse(readFileSync(`${runOf(model)}.flow.json`, 'utf8')) as {
        data: { source: string };
        training: object;
      };
      // Long enough for anybody, and validated as often as it is looked at here.
      const rate = 2e-3;
      const every = isImage(model) ? 10 : 50;
      const training = {
        ...config.training,
        ...{ steps: 1_000_000, learningRate: rate, validateEvery: every, checkpointEvery: 100_000 },
      };
      const { source } = config.data;
      const data = { ...config.data, source: source.includes('.') ? path.join('..', source) : source };
      writeFileSync(`${run}.flow.json`, JSON.stringify({ ...config, data, training }));
      await vscode.commands.executeCommand('flowscope.trainConfig', vscode.Uri.file(`${run}.flow.json`), {
        output: run,
      });
      const best = path.join(run, 'checkpoints', 'best.flow.safetensors');
      await until('a checkpoint', () => existsSync(best), 90_000);
      void vscode.commands.executeCommand('flowscope.openInInspector', vscode.Uri.file(best));
      const frame = await workbench.webview('[data-result]');
      await showTab(frame, '.diag', 'Run');
      const control = frame.locator('.run-control');
      await control.getByText('Pause', { exact: true }).click();
      await until('the pause', () => statusOf(run).status === 'paused', 60_000);
      await frame.locator('[data-run-status=paused]').waitFor();
      const paused = statusOf(run).step;
      const heard = await until('the answer', async () => {
        return /Took effect at step ([\d,]+)/.exec(await control.innerText())?.[1];
      });
      assert.equal(parseNumber(heard), paused);
      const rateField = control.locator('input');
      await rateField.fill('0.00025');
      await rateField.press('Enter');
      assert.equal(statusOf(run).step, paused, 'nothing is trained meanwhile');
      // At once, before the training has heard of the rate: both are meant.
      await control.getByText('Resume', { exact: true }).click();
      await until(
        'steps at the new rate',
        () => metricsOf(run).some(({ step }) => step > paused + every / 2),
        90_000,
      );
      const rates = readFileSync(path.join(run, 'rates.json'), 'utf8');
      assert.match(rates, /0\.00025/);
      await frame.locator('.rate-mark').first().waitFor({ state: 'attached' });
      await control.getByText('Stop', { exact: true }).click();
      await until('its end', () => statusOf(run).status === 'stopped', 60_000);
      for (const { step, learningRate } of metricsOf(run))
        if (learningRate !== undefined)
          near(learningRate, step > paused ? 0.00025 : rate, 1e-9, `the rate of step ${step}`);
      await frame.locator('[data-run-status=stopped]').waitFor();
      const status = frame.locator('.run-status');
      await status.getByText(`step ${statusOf(run).step.toLocaleString('en-US')} of 1,000,000`).waitFor();
      const flowscope = await api();
      await until('the end of its engine', () => flowscope.enginePids().trainings.length === 0, 60_000);
      await besideEnded(frame, best, model);
    });
  }

  it('of another process are followed, and compared with a run of this window', async () => {
    const run = others(`elsewhere-${++tries}`);
    const config = {
      data: { source: 'moons' },
      model: { kind: 'vector', dim: 2 },
      training: { steps: 1_000_000, validateEvery: 100, checkpointEvery: 500 },
    };
    writeFileSync(`${run}.flow.json`, JSON.stringify(config));
    const child = spawn(
      process.execPath,
      [
        ...[path.join(ours().extensionPath, 'dist', 'cli.js'), 'train', '--config', `${run}.flow.json`],
        ...['--output', run, '--quiet', '--backend', 'onnxruntime'],
      ],
      { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' }, stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const file = (step: number) =>
        path.join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}.flow.safetensors`);
      await until('a checkpoint', () => existsSync(file(500)), 90_000);
      void vscode.commands.executeCommand('flowscope.openInInspector', vscode.Uri.file(file(500)));
      const frame = await workbench.webview('[data-result]');
      await showTab(frame, '.diag', 'Run');
      await frame.locator('[data-run-status=running]').waitFor();
      await frame.getByLabel('Follow the newest checkpoint').check();
      const shownStep = async () =>
        Number(await frame.locator('.bar [data-step]').first().getAttribute('data-step', { timeout: 5000 }));
      const steps = new Set<number>();
      await until(
        'three newer checkpoints',
        async () => {
          const step = await shownStep().catch(() => NaN);
          if (step > 500) steps.add(step);
          return steps.size >= 3;
        },
        90_000,
      );
      // What was measured at the step that is looked at.
      const measured = async () => {
        const text = await frame.locator('[data-at-step]').innerText();
        const [, step, validation, train] =
          /step ([\d,]+): validation ([−\d.]+), train ([−\d.]+) nats/.exec(text) ?? [];
        const rows = metricsOf(run).filter((row) => row.step <= parseNumber(step!));
        const last = (metric: keyof Row) => rows.findLast((row) => row[metric] !== undefined)![metric]!;
        near(parseNumber(validation!), last('validationNats'), 0.00051, 'validation');
        near(parseNumber(train!), last('trainNats'), 0.00051, 'train');
      };
      await eventually(measured);
      child.kill('SIGINT');
      await ended;
      assert.equal(statusOf(run).status, 'stopped');
      await frame.locator('[data-run-status=stopped]').waitFor();
      const { step: end } = statusOf(run);
      await until('the last step', async () => (await shownStep().catch(() => NaN)) === end);
      await eventually(measured);
      await eventually(async () => {
        const text = await readout(frame.locator('.run-chart').first());
        const [, train, validation] = /train ([−\d.]+) · validation ([−\d.]+)/.exec(text) ?? [];
        near(parseNumber(train!), lastOf(run, 'trainNats'), 0.0051, 'train at the end of the curve');
        near(parseNumber(validation!), lastOf(run, 'validationNats'), 0.0051, 'validation at its end');
      });

      const moons = models.find(({ name }) => name === 'two moons')!;
      await besideEnded(frame, path.join(run, 'checkpoints', 'last.flow.safetensors'), moons);
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });
});
