/** Processes that want to train one run. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics, readStatus, runPaths, type RunPaths } from '../../../src/checkpoint/run-folder';
import { put, temporaryFolder } from '../../unit/support/temporary';
import { flowscope, start, type Running } from './flowscope';

// Starts sooner, and here dozens of processes start.
process.env.FLOWSCOPE_BACKEND = 'onnxruntime';

const folder = temporaryFolder();
const config = put(
  folder,
  'moons.flow.json',
  JSON.stringify({
    data: { source: 'moons', count: 500, validation: 100 },
    model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
    training: { steps: 10_000_000, batch: 32, validateEvery: 50, checkpointEvery: 50 },
  }),
);

/** A training that has left something to resume from. */
async function begin(name: string): Promise<{ paths: RunPaths; training: Running; pid: number }> {
  const run = path.join(folder, name);
  const paths = runPaths(run);
  const training = start(['train', '--config', config, '--output', run, '--max-seconds', '120']);
  while (((await readStatus(paths))?.step ?? 0) < 50) {
    assert.equal(training.child.exitCode, null, 'the training ended at once');
    await sleep(50);
  }
  return { paths, training, pid: training.child.pid! };
}

const resume = (run: string, ...more: string[]) => flowscope('train', '--output', run, '--resume', ...more);

const names = (pid: number) =>
  new RegExp(`is being trained by process ${pid} on ${hostname()} since [-0-9]+ [:0-9]+ UTC`);

const posix = { skip: process.platform === 'win32' && 'Windows stops no process' };

test(
  'a run that is being trained is not resumed by another process, and nothing of it changes',
  posix,
  async () => {
    const { paths, training, pid } = await begin('live');
    // Stopped, so that whatever changes is of the other process; a stopped process is alive.
    training.child.kill('SIGSTOP');
    await sleep(200);
    const files = (readdirSync(paths.folder, { recursive: true }) as string[]).sort();
    const metrics = readFileSync(paths.metrics);
    for (const more of [[], ['--take-over']]) {
      const { code, stderr } = await resume(paths.folder, ...more);
      assert.equal(code, 1);
      assert.match(stderr, names(pid));
    }
    const again = await flowscope('train', '--config', config, '--output', paths.folder);
    assert.equal(again.code, 1);
    assert.match(again.stderr, names(pid));
    assert.deepEqual((readdirSync(paths.folder, { recursive: true }) as string[]).sort(), files);
    assert.deepEqual(readFileSync(paths.metrics), metrics);

    training.child.kill('SIGCONT');
    const running = await resume(paths.folder);
    assert.equal(running.code, 1);
    training.child.kill('SIGINT');
    assert.equal((await training.ended).code, 130);
    const steps = (await readMetrics(paths)).map(({ step }) => step);
    assert.deepEqual(
      steps,
      [...new Set(steps)].sort((a, b) => a - b),
    );
    assert.ok(!readdirSync(paths.folder).includes('train.lock'));
  },
);

test('a run whose process was killed goes on', async () => {
  const { paths, training } = await begin('killed');
  training.child.kill('SIGKILL');
  await training.ended;
  assert.ok(readdirSync(paths.folder).includes('train.lock'));
  const { code, stderr } = await resume(paths.folder, '--max-steps', '100000', '--max-seconds', '1');
  assert.equal(code, 0, stderr);
  assert.ok(!readdirSync(paths.folder).includes('train.lock'));
  const steps = (await readMetrics(paths)).map(({ step }) => step);
  assert.deepEqual(
    steps,
    [...new Set(steps)].sort((a, b) => a - b),
  );
});

test('of two processes that start a run in one folder one does it, and the other says why not', async () => {
  for (let round = 0; round < 10; round++) {
    const run = path.join(folder, `both-${round}`);
    const args = ['train', '--config', config, '--output', run, '--max-steps', '50', '--max-seconds', '60'];
    const ends = await Promise.all([flowscope(...args), flowscope(...args)]);
    const codes = ends.map(({ code }) => code).sort();
    assert.deepEqual(codes, [0, 1], ends.map(({ stderr }) => stderr).join('\n'));
    const loser = ends.find(({ code }) => code === 1)!;
    assert.match(loser.stderr, /is being trained by process \d+ on |already holds a run/);
    const steps = (await readMetrics(runPaths(run))).map(({ step }) => step);
    assert.deepEqual(steps, [10, 20, 30, 40, 50]);
  }
});

test('only a run that is there can be taken over', async () => {
  const { code, stderr } = await flowscope(
    'train',
    '--data',
    'moons',
    '--output',
    path.join(folder, 'x'),
    '--take-over',
  );
  assert.equal(code, 1);
  assert.match(stderr, /--take-over can only be used with --resume/);
});
