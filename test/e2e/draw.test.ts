/** Points drawn by hand in the window, trained on, and opened. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { encodeNpy } from '../../src/data/npy';
import { api } from '../extension/ours';
import { score } from '../inspector/command-line';
import { folder, openModel } from '../inspector/models';
import { allowClipboard, copyNumbers } from '../inspector/take';
import { until } from '../inspector/until';
import { inWindow } from './in-window';
import type { Workbench } from './workbench';

describe('the plane', function () {
  this.timeout(240_000);
  let workbench: Workbench;
  const at = (...names: string[]) => folder('drawn', ...names);

  inWindow(
    async (window) => {
      workbench = window;
      await allowClipboard(workbench);
    },
    { files: at },
  );

  const densityAt = async (model: string, points: number[][]): Promise<number[]> => {
    const file = at('points.npy');
    writeFileSync(file, encodeNpy({ shape: [points.length, 2], data: Float32Array.from(points.flat()) }));
    return (await score(model, file)).nats.map((nats) => Math.exp(-nats));
  };

  it('is drawn on, trained on, and learned', async () => {
    const flowscope = await api();
    // A try before this one may have left its files.
    for (const name of ['drawn', 'drawn.csv']) rmSync(at(name), { recursive: true, force: true });
    await vscode.commands.executeCommand('flowscope.drawData', {
      file: at('drawn.csv'),
      train: { output: at('drawn'), maxSteps: 400, seed: 1 },
    });
    const page = await workbench.webview('.draw-plane');
    const box = (await page.locator('.draw-plane').boundingBox())!;
    const place = (x: number, y: number) =>
      [box.x + (box.width * (x + 3)) / 6, box.y + (box.height * (3 - y)) / 6] as const;
    // A stroke from left to right at y = 1.
    const { mouse } = workbench.page;
    await mouse.move(...place(-2, 1));
    await mouse.down();
    await mouse.move(...place(2, 1), { steps: 40 });
    await mouse.up();
    const count = await until('points', async () => {
      const said = Number(await page.locator('[data-count]').getAttribute('data-count'));
      return said > 100 && said;
    });
    await page.locator('vscode-button').filter({ hasText: 'Save and train' }).click();
    const best = at('drawn', 'checkpoints', 'best.flow.safetensors');
    // So short a training may be over before a busy window says that it was clicked.
    const ended = () => existsSync(best) && flowscope.enginePids().trainings.length === 0;
    await until('a trained flow', ended, 180_000);
    const drawn = readFileSync(at('drawn.csv'), 'utf8').trim().split('\n').slice(1);
    const points = drawn.map((line) => line.split(',').map(Number));
    assert.equal(points.length, count);
    for (const [x = NaN, y = NaN] of points)
      assert.ok(Math.abs(x) < 2.3 && Math.abs(y - 1) < 0.3, `${x}, ${y} is not on the stroke`);
    const { data } = JSON.parse(readFileSync(at('drawn', 'config.json'), 'utf8')) as {
      data: { source: string };
    };
    assert.equal(path.resolve(at('drawn'), data.source), at('drawn.csv'));

    const run = { name: 'drawn', shape: [2], steps: [400], file: () => best };
    const frame = await openModel(workbench, run);
    // What is held out and shown are drawn points.
    const table = await copyNumbers(frame, '.layer');
    const known = new Set(points.map(([x, y]) => `${Math.fround(x!)},${Math.fround(y!)}`));
    table
      .column('x1')
      .forEach((x, i) => assert.ok(known.has(`${x},${table.column('x2')[i]}`), `${x} was not drawn`));
    const [on = 0, off = 0] = await densityAt(best, [
      [0, 1],
      [0, -1],
    ]);
    assert.ok(on > 20 * off, `p is ${on} on the stroke and ${off} beside it`);
  });
});
