/** The run: its steps in place, its curves, and what its training is told. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { InspectorBrowser, parseNumber } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';
import { toyPath, toyRow } from './support/toy-run';

describe('runs', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const calls = (page: Page, name: string): Promise<string[]> =>
    page.evaluate((wanted) => window.toyHost.calls.filter((call) => call.startsWith(wanted)), name);
  const result = (page: Page): Promise<number> => page.locator('[data-result]').innerText().then(parseNumber);
  const atStep = (page: Page, step: number) => page.locator(`[data-step="${step}"]`).waitFor();
  /** bits/dim of the first validation example under the flow of a step, computed here. */
  const costAt = (step: number, index = 0): number => {
    const toy = new ToyFlow({ kind: 'image', step, gain: (0.6 * step) / 240 });
    return toy.nll(toy.example({ kind: 'data', split: 'validation', index })).bitsPerDim!;
  };
  const openRun = async (page: Page): Promise<void> => {
    await page.getByRole('tab', { name: 'Run' }).click();
    await page.locator('.run-chart').first().waitFor();
  };

  it('shows another step in place: same layer, tab and example, numbers of that step', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await atStep(page, 240);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('3');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('[');
    await atStep(page, 160);
    await page.waitForFunction(
      (wanted) => Math.abs(Number(document.querySelector('[data-result]')?.textContent) - wanted) < 0.006,
      costAt(160, 1),
    );
    assert.equal(await page.locator('.head h2').innerText(), 'Coupling 2');
    await page.getByRole('tab', { name: 'Log-det', selected: true }).waitFor();
    const asked = await calls(page, 'ask ["strip"');
    // The next example may have been asked for ahead.
    assert.ok(
      asked.some((call) => call.includes('"index":1') && call.includes(toyPath(160))),
      asked.at(-1),
    );
    assert.equal((await calls(page, 'openCheckpoint')).length, 0);
    // Sliding on, and back: what was seen is not asked for again.
    await page.locator('input[aria-label=Step]').focus();
    await page.keyboard.press('ArrowLeft');
    await atStep(page, 80);
    await page.waitForFunction(
      (wanted) => Math.abs(Number(document.querySelector('[data-result]')?.textContent) - wanted) < 0.006,
      costAt(80, 1),
    );
    const before = (await calls(page, 'ask ["strip"')).length;
    await page.keyboard.press('ArrowRight');
    await atStep(page, 160);
    assert.ok(Math.abs((await result(page)) - costAt(160, 1)) < 0.006);
    assert.equal((await calls(page, 'ask ["strip"')).length, before);
    // Exports are about what is looked at.
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: 'ONNX' }).click();
    assert.deepEqual(await calls(page, 'command'), [`command ["exportOnnx","${toyPath(160)}"]`]);
    await page.getByRole('button', { name: 'Show the step of the file' }).click();
    await atStep(page, 240);
    await close();
  });

  it('keeps what it shows when a checkpoint is gone, and says so', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.evaluate((path) => void window.toyHost.missing.push(path), toyPath(160));
    const shown = await result(page);
    await page.keyboard.press('[');
    await page.getByRole('alert').getByText('could not be opened').waitFor();
    await atStep(page, 240);
    assert.equal(await result(page), shown);
    await close();
  });

  it('follows the newest checkpoint of a run that goes on, and asks for new rows only', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.evaluate(() => {
      window.toyHost.run.status = 'running';
      window.toyHost.changed('run');
    });
    await openRun(page);
    await page.getByLabel('Follow the newest checkpoint').check();
    const points = (): Promise<number> =>
      page
        .locator('[data-line=train]')
        .evaluate((path) => path.getAttribute('d')!.split(/[ML]/).filter(Boolean).length);
    assert.equal(await points(), 24);
    await page.evaluate(() => {
      window.toyHost.run.rows = 30;
      window.toyHost.run.checkpoints = [
        ...window.toyHost.run.checkpoints,
        { path: '/toy/checkpoints/step-00000300.flow.safetensors', step: 300, best: false },
      ];
      window.toyHost.changed('run');
    });
    await atStep(page, 300);
    await page.waitForFunction(
      () => document.querySelector('[data-line=train]')!.getAttribute('d')!.split(/[ML]/).length === 31,
    );
    assert.match((await calls(page, 'ask ["curves"')).at(-1)!, /"after":\{"source":1,"rows":24\}/);
    // A resumed run writes its metrics anew: what was known is dropped.
    await page.evaluate(() => {
      window.toyHost.run.source = 2;
      window.toyHost.run.rows = 12;
      window.toyHost.changed('run');
    });
    await page.waitForFunction(
      () => document.querySelector('[data-line=train]')!.getAttribute('d')!.split(/[ML]/).length === 13,
    );
    await close();
  });

  it('reads out, smooths, and goes by time and on a log axis', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await openRun(page);
    const chart = page.locator('.run-chart').first();
    const box = (await chart.locator('svg').boundingBox())!;
    const readout = chart.locator('output');
    const at = async (share: number): Promise<string> => {
      await page.mouse.move(box.x + 52 + (box.width - 60) * share, box.y + box.height / 2);
      return readout.innerText();
    };
    // 24 rows from step 10 to 240.
    const row = toyRow(11, 10);
    assert.match(
      await at(110 / 230),
      new RegExp(
        `step 120 · train ${row.trainBitsPerDim.toFixed(2)} · validation ${row.validationBitsPerDim.toFixed(2)}`,
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
    const slider = page.locator('input[aria-label=Smoothing]');
    await slider.fill('0.5');
    await page.locator('.run-line.raw').first().waitFor();
    // TensorBoard's running mean of the first three values, by hand.
    const [a, b, c] = [0, 1, 2].map((i) => toyRow(i, 10).trainBitsPerDim);
    const third = (a! * 0.125 + b! * 0.25 + c! * 0.5) / 0.875;
    assert.match(await at(2 / 23), new RegExp(`train ${third.toFixed(2)}`));
    // By keys as well.
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    assert.match(await readout.innerText(), /s of training · train/);
    await close();
  });

  it('draws 10,000 rows within 100 ms, and loses no peak', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', rows: 10_000 });
    await openRun(page);
    const points = await page
      .locator('[data-line=train]')
      .evaluate((path) => path.getAttribute('d')!.split(/[ML]/).length);
    const width = (await page.locator('.run-chart svg').first().boundingBox())!.width;
    assert.ok(points > width / 2 && points <= 8 * width, `${points} points on ${width} px`);
    const draw = (): Promise<number> =>
      page.evaluate(async () => {
        const before = performance.now();
        document.querySelector<HTMLElement>('[aria-label="Horizontal axis"] [aria-checked=false]')!.click();
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
        // Layout and style are part of drawing.
        document.querySelector('.run-chart')!.getBoundingClientRect();
        return performance.now() - before;
      });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push(await draw());
    const median = times.sort((a, b) => a - b)[2]!;
    console.log(`10,000 rows in three charts: ${median.toFixed(0)} ms (median of 5)`);
    assert.ok(median <= 100, `${times.map((t) => t.toFixed(0)).join(', ')} ms`);
    await close();
  });

  it('pauses, resumes, changes the rate and stops, and says what was heard', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.evaluate(() => {
      window.toyHost.run.status = 'running';
      window.toyHost.changed('run');
    });
    await openRun(page);
    const panel = page.locator('.run-control');
    await page.evaluate(() => (window.toyHost.run.listens = false));
    await panel.getByRole('button', { name: 'Pause' }).click();
    await panel.getByText('waiting for the training to answer').waitFor();
    await page.evaluate(() => (window.toyHost.run.listens = true));
    await panel.getByRole('button', { name: 'Pause' }).click();
    await page.evaluate(() => window.toyHost.changed('run'));
    await panel.getByText('Heard at step 240.').waitFor();
    await page.locator('[data-run-status=paused]').waitFor();
    const field = panel.locator('vscode-text-field');
    const type = async (value: string): Promise<void> => {
      await field.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.type(value);
      await page.keyboard.press('Enter');
    };
    await type('-3');
    await panel.getByText('“-3” is no learning rate').waitFor();
    assert.equal(await page.evaluate(() => window.toyHost.run.requests.length), 2);
    await type('2e-4');
    await page.evaluate(() => window.toyHost.changed('run'));
    await page.locator('.rate-mark').nth(1).waitFor({ state: 'attached' });
    assert.deepEqual(await page.evaluate(() => window.toyHost.run.requests.at(-1)), { learningRate: 2e-4 });
    await panel.getByRole('button', { name: 'Resume' }).click();
    await page.evaluate(() => window.toyHost.changed('run'));
    await page.locator('[data-run-status=running]').waitFor();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await page.evaluate(() => window.toyHost.changed('run'));
    await page.getByRole('button', { name: 'Resume training' }).click();
    assert.deepEqual(await calls(page, 'command'), ['command ["resumeTraining"]']);
    await close();
  });
});

describe('comparison', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  it('asks the same of another checkpoint: differences by layer, maps on one range, samples, totals', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('.compare-head h1', { hasText: 'step 160' }).waitFor();
    await page.locator('[data-totals]').waitFor();
    // A is step 240, B step 160 of the toy run: the same numbers computed here.
    const flow = (step: number) => new ToyFlow({ kind: 'image', step, gain: (0.6 * step) / 240 });
    const [a, b] = [flow(240), flow(160)];
    const input = (toy: ToyFlow) => toy.example({ kind: 'data', split: 'validation', index: 0 });
    const [costA, costB] = [a.nll(input(a)).bitsPerDim!, b.nll(input(b)).bitsPerDim!];
    const cells = await page.locator('[data-totals] .num').allInnerTexts();
    [costA, costB, costB - costA].forEach((wanted, i) =>
      assert.ok(Math.abs(parseNumber(cells[i]!) - wanted) < 0.0006, `${cells[i]} is not ${wanted}`),
    );
    // Every difference is the one of the two numbers beside it.
    for (const row of await page.locator('[data-compared]').all()) {
      const texts = await row.locator('.num').allInnerTexts();
      const [first, second, difference] = texts.map(parseNumber);
      assert.ok(Math.abs(second! - first! - difference!) < 0.11, texts.join(' '));
    }
    // A difference of zero has the colour of zero: both have the same input of the first coupling.
    const colour = (name: string): Promise<string> =>
      page.locator(`canvas[data-name="${name}"]`).evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set<string>();
        for (let i = 0; i < data.length; i += 4) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
        return [...seen].join(' ');
      });
    await page.locator('canvas[data-name="x B − A"]').waitFor();
    assert.equal(await colour('x B − A'), '43,43,43');
    assert.notEqual(await colour('y B − A'), '43,43,43');
    // Samples of both from one seed; other weights make other pictures.
    await page.locator('[data-samples=B] canvas').nth(24).waitFor();
    const samples = (await calls(page, 'ask ["samples"'))
      .slice(-2)
      .map((call) => call.replace(/,"\/toy.*"\]/, ']'));
    assert.equal(samples[0], samples[1]);
    const pixels = (name: string): Promise<string> =>
      page
        .locator(`[data-samples=${name}] canvas`)
        .first()
        .evaluate((c) => (c as HTMLCanvasElement).toDataURL());
    assert.notEqual(await pixels('A'), await pixels('B'));
    // Another layer and another example, in both.
    await page.locator('[data-compared]').nth(2).click();
    await page.locator('.compare-part h2', { hasText: 'Coupling 2' }).waitFor();
    await page.keyboard.press('ArrowRight');
    // The one that is paged to may have been asked for before.
    await page.waitForFunction(() => {
      const asked = window.toyHost.calls.filter(
        (c) => c.startsWith('ask ["strip"') && c.includes('"index":1'),
      );
      return (
        asked.some((c) => c.includes('step-00000160')) && asked.some((c) => !c.includes('step-00000160'))
      );
    });
    await page.getByRole('button', { name: 'End comparison' }).click();
    await page.locator('.worked').waitFor();
    await close();
  });

  it('compares a file of another run: the input goes along as numbers, curves in one chart', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Another file' }).click();
    await page.locator('.compare-head h1', { hasText: 'other, step 120' }).waitFor();
    await page.locator('[data-line=B]').waitFor();
    assert.equal(await page.locator('[data-line=A]').count(), 1);
    assert.equal((await calls(page, 'chooseModel')).length, 1);
    assert.ok((await calls(page, 'ask ["curves"')).at(-1)!.includes('/other/checkpoints'));
    await close();
  });

  const calls = (page: Page, name: string): Promise<string[]> =>
    page.evaluate((wanted) => window.toyHost.calls.filter((call) => call.startsWith(wanted)), name);
});
