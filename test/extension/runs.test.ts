import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { bestOf } from '../../src/extension/commands/targets';
import { findRuns } from '../../src/extension/runs/find-runs';
import { readCheckpoints, readRun, runOfCheckpoint } from '../../src/extension/runs/run-files';
import { workspaceFolder } from './ours';

const memory: vscode.Memento = {
  keys: () => [],
  get: <T>(_: string, otherwise?: T) => otherwise as T,
  update: async () => undefined,
};

describe('runs on disk', () => {
  const folder = () => vscode.Uri.joinPath(workspaceFolder(), 'runs-test');
  const write = (name: string, text: string) =>
    vscode.workspace.fs.writeFile(
      vscode.Uri.joinPath(folder(), ...name.split('/')),
      new TextEncoder().encode(text),
    );

  before(async () => {
    const best = { step: 200, nats: 92.1, bitsPerDim: 2.0762 };
    await write(
      'good/run.json',
      JSON.stringify({ status: 'finished', message: 'All steps done.', step: 300, best }),
    );
    await write('good/config.json', '{}');
    for (const name of ['step-00000100', 'step-00000300', 'best', 'last'])
      await write(`good/checkpoints/${name}.flow.safetensors`, 'x');
    await write('good/checkpoints/last.resume.safetensors', 'x');
    await write('torn/run.json', '{"status": "runn');
    await write('torn/metrics.jsonl', '');
    await write('other/run.json', '{"run": "not ours"}');
    await write('empty/run.json', JSON.stringify({ status: 'running', step: 0 }));
    await write('empty/config.json', '{}');
    await write('held/run.json', JSON.stringify({ status: 'paused', step: 40 }));
    await write('held/config.json', '{}');
  });

  after(() => vscode.workspace.fs.delete(folder(), { recursive: true }));

  it('are found, and files of others are not taken for runs', async () => {
    const found = (await findRuns(memory)).filter(({ uri }) => uri.path.includes('/runs-test/'));
    const names = found.map(({ uri, state }) => `${uri.path.split('/').at(-1)} ${state}`).sort();
    assert.deepEqual(names, ['empty running', 'good finished', 'held paused', 'torn unreadable']);
    assert.equal(found.find(({ state }) => state === 'finished')?.best?.bitsPerDim, 2.0762);
  });

  it('count as interrupted when they say they run and have been silent', async () => {
    const file = vscode.Uri.joinPath(folder(), 'empty', 'run.json');
    assert.equal((await readRun(file))?.state, 'running');
    assert.equal((await readRun(file, Date.now() + 600_000))?.state, 'interrupted');
    const held = vscode.Uri.joinPath(folder(), 'held', 'run.json');
    assert.equal((await readRun(held))?.state, 'paused');
    assert.equal((await readRun(held, Date.now() + 600_000))?.state, 'interrupted');
  });

  it('list checkpoints: best, last, then the newest first', async () => {
    const names = (await readCheckpoints(vscode.Uri.joinPath(folder(), 'good'))).map(
      ({ kind, step }) => `${kind} ${step}`,
    );
    assert.deepEqual(names, ['best undefined', 'last undefined', 'step 300', 'step 100']);
  });

  it('stand for their best checkpoint', async () => {
    const best = await bestOf(vscode.Uri.joinPath(folder(), 'good'));
    assert.ok(best.path.endsWith('/best.flow.safetensors'));
    assert.equal((await runOfCheckpoint(best))?.path, vscode.Uri.joinPath(folder(), 'good').path);
    await assert.rejects(bestOf(vscode.Uri.joinPath(folder(), 'empty')), /holds no checkpoint/);
  });
});
