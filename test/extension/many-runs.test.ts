/** A workspace with thousands of runs: all are found soon, and reading them takes little memory of the extension host. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type * as vscode from 'vscode';
import { findRuns } from '../../src/extension/runs/find-runs';
import { patience } from '../inspector/until';
import { workspaceFolder } from './ours';

const count = 2000;
const memory: vscode.Memento = {
  keys: () => [],
  get: <T>(_: string, otherwise?: T) => otherwise as T,
  update: async () => undefined,
};

describe('two thousand runs', function () {
  this.timeout(180_000);
  const folder = () => path.join(workspaceFolder().fsPath, 'many');

  before(() => {
    for (let i = 0; i < count; i++) {
      const run = path.join(folder(), String(i));
      mkdirSync(path.join(run, 'checkpoints'), { recursive: true });
      const status = {
        status: 'finished',
        step: i,
        best: { step: i, nats: i / 100 },
        message: 'All steps done.',
      };
      writeFileSync(path.join(run, 'run.json'), JSON.stringify(status));
    }
  });

  after(() => rmSync(folder(), { recursive: true, force: true }));

  it('are found', async () => {
    const before = process.memoryUsage.rss();
    const began = performance.now();
    const runs = await findRuns(memory);
    const took = performance.now() - began;
    const megabytes = Math.round((process.memoryUsage.rss() - before) / 2 ** 20);
    console.log(`      ${runs.length} runs in ${Math.round(took)} ms, ${megabytes} MB`);
    assert.equal(runs.filter(({ uri }) => uri.path.includes('/many/')).length, count);
    assert.ok(took < patience(10_000), `took ${took} ms`);
    assert.ok(megabytes < 300, `took ${megabytes} MB`);
  });
});
