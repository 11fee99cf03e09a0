/** Reading a run while another process writes it, and leaving requests in it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  createControlReader,
  forgetControl,
  readRates,
  requestControl,
  withRate,
  writeRates,
} from '../../../src/checkpoint/control';
import { createMetricsTail } from '../../../src/checkpoint/metrics-tail';
import { createRun, writeStatus } from '../../../src/checkpoint/run-folder';
import { checkControl } from '../../../src/config/control';
import { parseRunConfig } from '../../../src/config/parse';
import { lockName, lockOfThisProcess } from '../../../src/config/train-lock';
import { createCurves } from '../../../src/engine/inspect/curves';
import { temporaryFolder } from '../support/temporary';

const root = temporaryFolder();
let runs = 0;
const config = parseRunConfig({ data: { source: 'moons' }, model: { kind: 'vector', dim: 2 } }, 'test');
const fresh = async () => {
  const { paths, lock } = await createRun(path.join(root, `run-${runs++}`), config);
  await lock.release();
  return paths;
};
const line = (step: number, nats = step / 10): string =>
  `${JSON.stringify({ step, seconds: step / 2, trainNats: nats })}\n`;

test('of more rows than are kept, half are left out, and none with a validation', async () => {
  const { metrics } = await fresh();
  const row = (step: number): string =>
    `${JSON.stringify({ step, seconds: step, trainNats: 1, ...(step % 10 === 9 ? { validationNats: 2 } : {}) })}\n`;
  const tail = createMetricsTail(metrics, 100);
  writeFileSync(metrics, Array.from({ length: 100 }, (_, step) => row(step)).join(''));
  await tail.refresh();
  const { source } = tail;
  assert.equal(tail.rows, 100);
  appendFileSync(metrics, row(100) + row(101));
  await tail.refresh();
  assert.notEqual(tail.source, source, 'whoever has rows asks for all of them again');
  const { steps, columns } = tail.slice(0);
  assert.deepEqual([...steps].slice(0, 8), [0, 2, 4, 6, 8, 9, 10, 12]);
  assert.equal(columns.validationNats!.filter((value) => value === 2).length, 10);
  assert.equal(steps.at(-1), 101);
});

test('a line without end is passed over', async () => {
  const { metrics } = await fresh();
  const tail = createMetricsTail(metrics);
  writeFileSync(metrics, line(1) + 'x'.repeat(3 * 2 ** 20));
  await tail.refresh();
  appendFileSync(metrics, `\n${line(2)}`);
  await tail.refresh();
  assert.deepEqual([...tail.slice(0).steps], [1, 2]);
});

test('a growing file is read once; a torn line waits until it is whole', async () => {
  const { metrics } = await fresh();
  const tail = createMetricsTail(metrics);
  await tail.refresh();
  assert.equal(tail.rows, 0);
  appendFileSync(metrics, line(1) + line(2) + line(3).slice(0, 12));
  await tail.refresh();
  assert.equal(tail.rows, 2);
  const { source } = tail;
  appendFileSync(metrics, line(3).slice(12) + line(4));
  await tail.refresh();
  assert.equal(tail.source, source);
  assert.deepEqual([...tail.slice(0).steps], [1, 2, 3, 4]);
  assert.deepEqual(
    [...tail.slice(2).columns.trainNats!],
    [3, 4].map((s) => Math.fround(s / 10)),
  );
  assert.deepEqual([...tail.slice(3).columns.seconds!], [2]);
  assert.equal(tail.slice(0).columns.gradientNorm, undefined);
});

test('a file of more than one reading has all its rows, also that between two readings', async () => {
  const { metrics } = await fresh();
  const tail = createMetricsTail(metrics);
  const count = 400_000;
  writeFileSync(metrics, Array.from({ length: count }, (_, i) => line(i + 1)).join(''));
  assert.ok(statSync(metrics).size > 2 ** 24);
  await tail.refresh();
  assert.equal(tail.rows, count);
  const { steps } = tail.slice(0);
  assert.ok(steps.every((step, i) => step === i + 1));
});

test('a file that was replaced or cut is read anew', async () => {
  const { metrics } = await fresh();
  appendFileSync(metrics, line(1) + line(2) + line(3));
  const tail = createMetricsTail(metrics);
  await tail.refresh();
  const first = tail.source;
  writeFileSync(`${metrics}.new`, line(1) + line(2, 9) + line(3) + line(4));
  renameSync(`${metrics}.new`, metrics);
  await tail.refresh();
  assert.notEqual(tail.source, first);
  assert.deepEqual([...tail.slice(0).columns.trainNats!], [0.1, 9, 0.3, 0.4].map(Math.fround));
  const second = tail.source;
  writeFileSync(metrics, line(1));
  await tail.refresh();
  assert.notEqual(tail.source, second);
  assert.equal(tail.rows, 1);
  rmSync(metrics);
  await tail.refresh();
  assert.equal(tail.rows, 0);
});

test('what was read is not read again', async () => {
  const { metrics } = await fresh();
  appendFileSync(metrics, Array.from({ length: 10_000 }, (_, i) => line(i + 1)).join(''));
  const tail = createMetricsTail(metrics);
  await tail.refresh();
  // In place and of the same length, so that only a reader of all bytes would notice.
  const text = readFileSync(metrics, 'utf8').replace(line(5000), line(5001).replace('5001', '7777'));
  writeFileSync(metrics, text + line(10_001));
  await tail.refresh();
  assert.equal(tail.rows, 10_001);
  assert.equal(tail.slice(4999).steps[0], 5000);
});

test('curves answer what is new, and what the run folder says of the training', async () => {
  const paths = await fresh();
  appendFileSync(paths.metrics, line(1) + line(2));
  await writeStatus(paths, { status: 'running', step: 2, seconds: 1, control: { id: 'a', step: 1 } });
  await writeRates(paths.folder, [{ step: 2, learningRate: 0.5 }]);
  const curves = createCurves(paths.folder);
  const first = (await curves({}))!;
  assert.deepEqual(
    [first.start, [...first.steps], first.status, first.totalSteps, first.training],
    [0, [1, 2], 'running', 2000, { learningRate: 1e-3, clipNorm: 100 }],
  );
  assert.deepEqual(first.rates, [{ step: 2, learningRate: 0.5 }]);
  assert.deepEqual(first.answered, { id: 'a', step: 1 });
  appendFileSync(paths.metrics, line(3));
  const next = (await curves({ after: { source: first.source, rows: 2 } }))!;
  assert.deepEqual([next.start, [...next.steps]], [2, [3]]);
  const other = (await curves({ after: { source: first.source + 1, rows: 2 } }))!;
  assert.equal(other.start, 0);
  assert.equal(await createCurves(undefined)({}), null);
  await assert.rejects(curves({ after: { source: 1, rows: -1 } }), { name: 'UserError' });
});

test('a run whose process was killed is interrupted, whatever it said last', async () => {
  const paths = await fresh();
  await writeStatus(paths, { status: 'running', step: 2, seconds: 1 });
  const curves = createCurves(paths.folder);
  const lock = path.join(paths.folder, lockName);
  const statusOf = async (owner: object): Promise<string> => {
    writeFileSync(lock, JSON.stringify(owner));
    const before = readdirSync(paths.folder);
    const { status } = (await curves({}))!;
    assert.deepEqual(readdirSync(paths.folder), before, 'looking writes nothing');
    return status;
  };
  const own = lockOfThisProcess(randomUUID());
  assert.equal(await statusOf(own), 'running');
  assert.equal(await statusOf({ ...own, pid: spawnSync(process.execPath, ['-e', '']).pid }), 'interrupted');
  assert.equal(await statusOf({ ...own, host: 'elsewhere' }), 'running');
  const longAgo = new Date(Date.now() - 600_000);
  utimesSync(lock, longAgo, longAgo);
  assert.equal((await curves({}))!.status, 'interrupted');
});

test('requests are checked before they are left', async () => {
  const paths = await fresh();
  await assert.rejects(requestControl(paths.folder, { action: 'pause' }), /is not being trained/);
  await writeStatus(paths, { status: 'running', step: 2, seconds: 1 });
  for (const [given, message] of [
    [{ action: 'halt' }, /action is "halt": expected "pause", "resume" or "stop"/],
    [{ learningRate: -1 }, /learningRate is -1: expected more than 0 and at most 10/],
    [{ learningRate: '1e-3' }, /learningRate is "1e-3": expected a number/],
    [{ learningRate: NaN }, /expected a number/],
    [{}, /expected an action/],
    [{ rate: 1 }, /"rate" is not known/],
    [null, /The request is null/],
  ] as const)
    assert.throws(() => checkControl(given), { name: 'UserError', message }, JSON.stringify(given));
  const reader = createControlReader(paths.folder);
  assert.equal(await reader.next(), undefined);
  const { id } = await requestControl(paths.folder, { action: 'pause', learningRate: 1e-3 });
  assert.deepEqual(await reader.next(), { id, request: { id, action: 'pause', learningRate: 1e-3 } });
  assert.equal(await reader.next(), undefined);
  writeFileSync(path.join(paths.folder, 'control.json'), '{"id": "by hand", "learningRate": 1000}');
  assert.deepEqual(await reader.next(), {
    id: 'by hand',
    problem: 'learningRate is 1000: expected more than 0 and at most 10.',
  });
  assert.match(readFileSync(path.join(paths.folder, 'control.json'), 'utf8'), /by hand/);
  await forgetControl(paths.folder);
  assert.equal(await reader.next(), undefined);
});

test('a request that follows before the first was heard asks for both; after that it stands for itself', async () => {
  const paths = await fresh();
  const running = { status: 'running', step: 2, seconds: 1 } as const;
  await writeStatus(paths, running);
  const reader = createControlReader(paths.folder);
  await requestControl(paths.folder, { action: 'pause', learningRate: 1e-3 });
  const { id } = await requestControl(paths.folder, { action: 'resume' });
  assert.deepEqual(await reader.next(), { id, request: { id, action: 'resume', learningRate: 1e-3 } });
  await writeStatus(paths, { ...running, control: { id, step: 2 } });
  const later = await requestControl(paths.folder, { action: 'stop' });
  assert.deepEqual((await reader.next())?.request, { id: later.id, action: 'stop' });
  // What somebody broke by hand is not asked for again.
  writeFileSync(path.join(paths.folder, 'control.json'), '{"id": "by hand", "learningRate": 1000}');
  const last = await requestControl(paths.folder, { action: 'pause' });
  assert.deepEqual((await reader.next())?.request, { id: last.id, action: 'pause' });
});

test('the later wish for a rate counts', async () => {
  const rates = withRate(
    [
      { step: 3, learningRate: 1 },
      { step: 9, learningRate: 2 },
    ],
    { step: 5, learningRate: 3 },
  );
  assert.deepEqual(
    rates.map(({ step }) => step),
    [3, 5],
  );
  const paths = await fresh();
  assert.deepEqual(await readRates(paths.folder), []);
  await writeRates(paths.folder, rates);
  assert.deepEqual(await readRates(paths.folder), rates);
  writeFileSync(path.join(paths.folder, 'rates.json'), '[{"step": 0}]');
  await assert.rejects(readRates(paths.folder), /is damaged/);
});
