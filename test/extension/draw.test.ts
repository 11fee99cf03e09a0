/** Data are drawn in the page, saved as a table, and a flow is trained on them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, assertNothingNative, closeAll, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('drawing data', function () {
  this.timeout(180_000);
  let workbench: Workbench;
  const at = (...parts: string[]) => path.join(workspaceFolder().fsPath, 'painted', ...parts);
  const draw = (given?: object) => vscode.commands.executeCommand('flowscope.drawData', given);
  const button = (frame: Awaited<ReturnType<Workbench['webview']>>, name: string) =>
    frame.locator('vscode-button').filter({ hasText: name });

  before(async () => {
    workbench = await Workbench.connect();
    await api();
    await vscode.workspace.fs.createDirectory(vscode.Uri.file(at()));
  });
  afterEach(closeAll);
  after(async () => {
    rmSync(at(), { recursive: true, force: true });
    await workbench.close();
  });

  it('paints by mouse and keys, saves the points, and trains on them', async () => {
    await draw({ file: 'painted/mine.csv', train: { output: at('run'), maxSteps: 3, seed: 1 } });
    const frame = await workbench.webview('.draw-plane');
    const count = async (): Promise<number> =>
      Number(await frame.locator('[data-count]').getAttribute('data-count'));
    assert.equal(await count(), 0);
    const train = button(frame, 'Save and train');
    assert.notEqual(await train.getAttribute('disabled'), null);

    // In the middle of the upper right quarter: (1.5, 1.5), with the brush of .25.
    const plane = frame.locator('.draw-plane');
    const size = await plane.evaluate((element) => element.clientWidth);
    await plane.click({ position: { x: 0.75 * size, y: 0.25 * size } });
    assert.equal(await count(), 8);
    // Five large steps down by keys: (1.5, −1).
    for (let k = 0; k < 5; k++) await plane.press('Shift+ArrowDown');
    for (let k = 0; k < 3; k++) await plane.press('Space');
    assert.equal(await count(), 32);
    await frame.locator('body').press('Control+z');
    assert.equal(await count(), 24);
    await button(frame, 'Redo').click();
    assert.equal(await count(), 32);
    await workbench.screenshot('14-draw-data');

    await train.click();
    await until('the file', () => existsSync(at('mine.csv')));
    const [head, ...rows] = readFileSync(at('mine.csv'), 'utf8').trimEnd().split('\n');
    assert.equal(head, 'x,y');
    const points = rows.map((row) => row.split(',').map(Number) as [number, number]);
    assert.equal(points.length, 32);
    const near = (x: number, y: number) => points.filter((p) => Math.hypot(p[0] - x, p[1] - y) < 0.28).length;
    assert.equal(near(1.5, 1.5), 8);
    assert.equal(near(1.5, -1), 24);
    assert.deepEqual(
      readdirSync(at()).filter((name) => name.endsWith('.tmp')),
      [],
    );

    const run = await until(
      'the end of the training',
      () => {
        const file = at('run', 'run.json');
        if (!existsSync(file)) return false;
        const { status, step } = JSON.parse(readFileSync(file, 'utf8')) as { status: string; step: number };
        return status !== 'running' && { status, step };
      },
      120_000,
    );
    assert.equal(run.step, 3);
    const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8')) as {
      data: { source: string };
      model: { kind: string; dim: number };
    };
    assert.match(config.data.source, /mine\.csv$/);
    assert.deepEqual([config.model.kind, config.model.dim], ['vector', 2]);
    assertNothingNative();
  });

  it('starts from a built-in set', async () => {
    await draw({ file: 'painted/moons.csv' });
    const frame = await workbench.webview('.draw-plane');
    const list = frame.locator('vscode-dropdown');
    await until('the sets', async () => (await list.locator('vscode-option').count()) > 3);
    await list.evaluate((element) => {
      (element as unknown as { value: string }).value = 'moons';
      element.dispatchEvent(new Event('change'));
    });
    await until('the points', async () => (await frame.locator('[data-count="1500"]').count()) === 1, 60_000);
    await button(frame, 'Save…').first().click();
    await until('the file', () => existsSync(at('moons.csv')));
    const values = readFileSync(at('moons.csv'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .flatMap((row) => row.split(',').map(Number));
    assert.equal(values.length, 3000);
    const xs = values.filter((_, i) => i % 2 === 0);
    // The wider of the two directions fills nine tenths of the plane.
    assert.ok(Math.abs(Math.max(...xs) - 2.7) < 1e-3 && Math.abs(Math.min(...xs) + 2.7) < 1e-3);
  });
});
