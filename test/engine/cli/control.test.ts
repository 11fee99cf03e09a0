/** Another process tells a training what to do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics, readStatus, runPaths } from '../../../src/checkpoint/run-folder';
import { temporaryFolder } from '../../unit/support/temporary';
import { flowscope, json, start } from './flowscope';

const folder = temporaryFolder();

interface Answer {
  step: number;
  request: { action?: string; learningRate?: number };
}

test('control pauses a training of another process, changes its rate, lets it go on and stops it', async () => {
  const run = path.join(folder, 'told');
  const paths = runPaths(run);
  const training = start(['train', '--data', 'moons', '--output', run, '--max-seconds', '120']);
  while (((await readMetrics(paths).catch(() => [])).at(-1)?.step ?? 0) < 20) await sleep(50);

  const paused = await json<Answer>('control', run, '--pause');
  assert.equal((await readStatus(paths))?.status, 'paused');
  await sleep(600);
  assert.equal((await readStatus(paths))?.step, paused.step, 'no step is done while it is paused');

  const resumed = await json<Answer>('control', run, '--resume', '--learning-rate', '3e-4');
  assert.deepEqual(resumed.request, { action: 'resume', learningRate: 3e-4 });
  assert.deepEqual(JSON.parse(readFileSync(path.join(run, 'rates.json'), 'utf8')), [
    { step: paused.step + 1, learningRate: 3e-4 },
  ]);

  const stopped = await json<Answer>('control', run, '--stop');
  assert.ok(stopped.step >= paused.step);
  const { code } = await training.ended;
  assert.equal(code, 0);
  assert.equal((await readStatus(paths))?.status, 'stopped');
  const row = (await readMetrics(paths)).find(({ step }) => step === paused.step + 1);
  assert.equal(row?.learningRate, 3e-4, 'the curve shows the step where the rate changed');

  const late = await flowscope('control', run, '--stop');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /is not being trained \(it is stopped\)/);
});

test('control says what it expects', async () => {
  for (const [args, message] of [
    [['--pause', '--stop'], /--pause and --stop: expected only one of them/],
    [[], /Expected --pause, --resume, --stop or --learning-rate RATE/],
    [['--learning-rate', '-1'], /--learning-rate/],
    [['--pause'], /is not a run folder/],
  ] as const) {
    const { code, stderr } = await flowscope('control', folder, ...args);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});
