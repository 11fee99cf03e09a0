/** The run: its steps in place, its curves, and what its training is told. The tests play the training. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { controlFile, writeRates } from '../../src/checkpoint/control';
import { writeStatus, type RunStatus } from '../../src/checkpoint/run-folder';
import type { NamedRequest } from '../../src/config/control';
import { giveValues, result, untilResult } from '../inspector/frame';
import { exampleOf, reference } from '../inspector/reference';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { metricsRow, tinyRun, type TinyRun } from './support/tiny-models';

describe('runs', () => {
  let editor: EngineWindow;
  inWindow((started) => void (editor = started), { untrained: true });

  let made = 0;
  const newRun = (options: { rows?: number } = {}): Promise<TinyRun> =>
    tinyRun(editor.folder, 'digits', { name: `run-${++made}`, ...options });
  const open = async (run: TinyRun) => {
    const live = await editor.openPage(run.file(), { width: 1280, height: 800 });
    await live.page.locator('.worked').waitFor();
    return live;
  };
  const atStep = (page: Page, step: number) => page.locator(`[data-step="${step}"]`).waitFor();
  const openRun = async (page: Page): Promise<void> => {
    await page.getByRole('tab', { name: 'Run' }).click();
    await page.locator('.run-chart').first().waitFor();
  };
  const state = (run: TinyRun, status: RunStatus['status'], control?: RunStatus['control']) =>
    writeStatus(run.paths, { status, step: 240, seconds: 12, ...(control ? { control } : {}) });
  /** Points of the curve of the training loss. */
  const points = (page: Page): Promise<number> =>
    page
      .locator('[data-line=train]')
      .evaluate((path) => path.getAttribute('d')!.split(/[ML]/).filter(Boolean).length);

  it('that failed say over everything what happened, in the page’s own names, and what to try', async () => {
    const run = await newRun();
    await writeStatus(run.paths, {
      ...{ status: 'failed', step: 240, seconds: 12 },
      notFinite: {
        step: 241,
        where: 'the loss is finite, but the gradient of layer scales.0.checkerboard.0 is not',
        layer: 'scales.0.checkerboard.0',
      },
    });
    const live = await open(run);
    const { page } = live;
    const note = page.locator('[data-failed]');
    await note.waitFor();
    assert.equal(
      await note.locator('p').innerText(),
      'Training failed at step 241: the loss is finite, but the gradient of Coupling 1 is not. ' +
        'Learning rate 0.001, clip 100. Try rate 0.0001, clip 1.',
    );
    // What the last checkpoint passes is nothing to be glad of.
    await page.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
    for (const place of ['.findings', '.headline'])
      assert.equal(await page.locator(place).getByText('✓').count(), 0, place);
    assert.equal(await page.locator('.headline [data-question]:not([data-question=others])').count(), 5);
    await note.getByRole('button', { name: 'Train again with these' }).click();
    await until('the command', () => Promise.resolve(live.said('command').length > 0));
    assert.equal(live.said('command').at(-1)![0], 'trainAgain');
    // In the run, nothing is drawn over something else.
    await openRun(page);
    const parts = page.locator('.run-status > *');
    const boxes = await parts.evaluateAll((all) =>
      all.map((part) => part.getBoundingClientRect().toJSON() as DOMRect),
    );
    for (const [i, box] of boxes.slice(1).entries())
      assert.ok(box.top >= boxes[i]!.bottom - 0.5, `part ${i + 1}`);
    const labels = await page
      .locator('.run-chart svg text[text-anchor=end]')
      .evaluateAll((all) =>
        all.map(
          (label) => label.getBoundingClientRect().left - label.closest('svg')!.getBoundingClientRect().left,
        ),
      );
    assert.ok(
      labels.every((left) => left >= 0),
      labels.join(' '),
    );
  });

  it('show another step in place: same layer, tab and example, numbers of that step', async () => {
    const run = await newRun();
    const costs = await Promise.all(
      run.steps.map(async (step) => (await reference(run.file(step))).pass(exampleOf(run)).costs),
    );
    const live = await open(run);
    const { page } = live;
    const frame = page.mainFrame();
    await atStep(page, 240);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('3');
    await giveValues(frame, 'known.npy', exampleOf(run));
    await untilResult(frame, costs[2]!);
    await page.locator('.strip').click({ position: { x: 2, y: 2 } });
    await page.keyboard.press('[');
    await atStep(page, 160);
    await untilResult(frame, costs[1]!);
    await page.locator('.flow[aria-busy=false]').waitFor();
    assert.equal(await page.locator('.head h2').innerText(), 'Coupling 2');
    await page.getByRole('tab', { name: 'Log-det', selected: true }).waitFor();
    assert.equal(live.said('openCheckpoint').length, 0);
    // Sliding on, and back: what was seen is not asked for again.
    await page.locator('input[aria-label=Step]').focus();
    await page.keyboard.press('ArrowLeft');
    await atStep(page, 80);
    await untilResult(frame, costs[0]!);
    await page.locator('.flow[aria-busy=false]').waitFor();
    const strips = (): string[] =>
      live
        .said('ask')
        .filter(([method]) => method === 'strip')
        .map((question) => JSON.stringify(question));
    const before = strips();
    await page.keyboard.press('ArrowRight');
    await atStep(page, 160);
    await untilResult(frame, costs[1]!);
    // What may be wanted next is asked for ahead of time.
    const since = strips().slice(before.length);
    assert.deepEqual(
      since.filter((question) => before.includes(question)),
      [],
    );
    // Exports are about what is looked at. In a narrower bar they are behind "⋯".
    await page.setViewportSize({ width: 1600, height: 900 });
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: 'ONNX' }).click();
    await until('the command', () => live.said('command').length === 1);
    assert.deepEqual(live.said('command'), [['exportOnnx', run.file(160)]]);
    await page.getByRole('button', { name: 'Show the step of the file' }).click();
    await atStep(page, 240);
  });

  it('on a target show how many draws count, and no −log p', async () => {
    const run = await newRun();
    const rows = [10, 20, 240].map((step, i) => {
      const weighed = { efficiency: 0.2 + 0.2 * i, logEvidence: -0.1, logEvidenceError: 0.02 };
      return JSON.stringify({ step, seconds: step, gradientNorm: 3, learningRate: 1e-3, ...weighed });
    });
    writeFileSync(run.paths.metrics, `${rows.join('\n')}\n`);
    const { page } = await open(run);
    await openRun(page);
    const titles = await page.locator('.run-charts h3 b').allInnerTexts();
    assert.deepEqual(titles.slice(0, 2), ['Draws that count', 'Gradient norm']);
    assert.match(
      await page.locator('[data-at-step]').innerText(),
      /step 240: Draws that count 0\.600, learning/,
    );
  });

  it('keep what they show when a checkpoint is gone, and say so', async () => {
    const run = await newRun();
    const { page } = await open(run);
    await page.locator('.flow[aria-busy=false]').waitFor();
    rmSync(run.file(160));
    const shown = await result(page.mainFrame());
    await page.keyboard.press('[');
    await page.getByRole('alert').getByText('could not be opened').waitFor();
    await atStep(page, 240);
    assert.equal(await result(page.mainFrame()), shown);
  });

  it('are followed to the newest checkpoint while they go on; only new rows are asked for', async () => {
    const run = await newRun();
    await state(run, 'running');
    const live = await open(run);
    const { page } = live;
    await openRun(page);
    await page.getByLabel('Follow the newest checkpoint').check();
    assert.equal(await points(page), 24);
    run.measure(30);
    await run.reach(300);
    await live.changed('run');
    await atStep(page, 300);
    await until('30 points', async () => (await points(page)) === 30);
    assert.ok(live.asked('curves').some(({ after }) => after?.rows === 24));
    // A resumed run writes its metrics anew: what was known is dropped.
    run.measure(12);
    await live.changed('run');
    await until('12 points', async () => (await points(page)) === 12);
  });

  it('read out, smooth, and go by time and on a log axis', async () => {
    const { page } = await open(await newRun());
    await openRun(page);
    const chart = page.locator('.run-chart').first();
    const box = (await chart.locator('svg').boundingBox())!;
    const readout = chart.locator('output');
    const at = async (share: number): Promise<string> => {
      await page.mouse.move(box.x + 52 + (box.width - 60) * share, box.y + box.height / 2);
      return readout.innerText();
    };
    // 24 rows from step 10 to 240.
    const row = metricsRow(11);
    assert.match(
      await at(110 / 230),
      new RegExp(
        `step 120 · train ${row.trainBitsPerDim.toFixed(2)} · validation ${row.validationBitsPerDim!.toFixed(2)}`,
      ),
    );
    const path = (): Promise<string> => page.locator('[data-line=validation]').getAttribute('d').then(String);
    const byStep = await path();
    await page.getByRole('radio', { name: 'time' }).click();
    assert.match(await at(1), /^12 s of training/);
    // Rows come at even times here, so the line is the same.
    assert.equal(await path(), byStep);
    await page.getByRole('radio', { name: 'log' }).click();
    assert.notEqual(await path(), byStep);
    await page.locator('input[aria-label=Smoothing]').fill('0.5');
    await page.locator('.run-line.raw').first().waitFor();
    // TensorBoard's running mean of the first three values, by hand.
    const [a, b, c] = [0, 1, 2].map((i) => metricsRow(i).trainBitsPerDim);
    const third = (a! * 0.125 + b! * 0.25 + c! * 0.5) / 0.875;
    assert.match(await at(2 / 23), new RegExp(`train ${third.toFixed(2)}`));
    // By keys as well.
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    assert.match(await readout.innerText(), /s of training · train/);
    await page.keyboard.press('Home');
    assert.match(await readout.innerText(), new RegExp(`train ${a!.toFixed(2)}`));
    await page.keyboard.press('End');
    assert.match(await readout.innerText(), /^12 s of training/);
  });

  it('of 10,000 rows are drawn with no more points than can be seen', async () => {
    const { page } = await open(await newRun({ rows: 10_000 }));
    await openRun(page);
    const drawn = await points(page);
    const width = (await page.locator('.run-chart svg').first().boundingBox())!.width;
    assert.ok(drawn > width / 2 && drawn <= 8 * width, `${drawn} points on ${width} px`);
  });

  it('are paused, resumed, given another rate and stopped, and say what was heard', async () => {
    const run = await newRun();
    await state(run, 'running');
    const live = await open(run);
    const { page } = live;
    await openRun(page);
    const request = (): NamedRequest =>
      JSON.parse(readFileSync(controlFile(run.folder), 'utf8')) as NamedRequest;
    /** The training hears the request, as the loop does. */
    const hear = async (status: RunStatus['status']): Promise<void> => {
      await state(run, status, { id: request().id, step: 240 });
      await live.changed('run');
    };
    const panel = page.locator('.run-control');
    await panel.getByRole('button', { name: 'Pause' }).click();
    await panel.getByText('waiting for the training to answer').waitFor();
    assert.equal(request().action, 'pause');
    await hear('paused');
    await panel.getByText('Took effect at step 240.').waitFor();
    await page.locator('[data-run-status=paused]').waitFor();
    const type = async (typed: string): Promise<void> => {
      await panel.locator('vscode-text-field').click();
      await page.keyboard.press('Control+a');
      await page.keyboard.type(typed);
      await page.keyboard.press('Enter');
    };
    await type('-3');
    await panel.getByText('“-3” is not a learning rate').waitFor();
    assert.equal(live.said('control').length, 1);
    await type('2e-4');
    await until('the rate', () => request().learningRate === 2e-4);
    await writeRates(run.folder, [{ step: 241, learningRate: 2e-4 }]);
    await hear('paused');
    await page.locator('.rate-mark').first().waitFor({ state: 'attached' });
    await panel.getByRole('button', { name: 'Resume' }).click();
    await until('the request', () => request().action === 'resume');
    await hear('running');
    await page.locator('[data-run-status=running]').waitFor();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await until('the request', () => request().action === 'stop');
    await hear('stopped');
    await page.getByRole('button', { name: 'Resume training' }).click();
    await until('the command', () => live.said('command').length === 1);
    assert.deepEqual(live.said('command'), [['resumeTraining']]);
  });

  it('draw one point as a dot with its value, on an axis from 0 to a round step', async () => {
    const run = await newRun({ rows: 1 });
    await state(run, 'running');
    const { page } = await open(run);
    await openRun(page);
    const [{ trainBitsPerDim, step }] = [metricsRow(0)];
    const chart = page.locator('.run-chart').first();
    await chart.locator('[data-alone=train]').waitFor();
    assert.ok((await chart.locator('text').allTextContents()).includes(trainBitsPerDim.toFixed(2)));
    const steps = await chart
      .locator('text[text-anchor=middle], text[y][text-anchor=end]')
      .evaluateAll((all, foot) => {
        const low = Math.max(...all.map((one) => Number(one.getAttribute('y'))));
        return all
          .filter((one) => Number(one.getAttribute('y')) > low - 25 && /^[\d,.]+$/.test(one.textContent))
          .map((one) => Number(one.textContent.replace(',', '')))
          .filter((value) => value <= foot);
      }, 1000);
    assert.equal(steps[0], 0);
    assert.ok(steps.at(-1)! >= step && steps.every(Number.isInteger), steps.join());
  });
});
