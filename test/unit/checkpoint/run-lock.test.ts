import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestControl } from '../../../src/checkpoint/control';
import { claimRun, createRun, writeStatus } from '../../../src/checkpoint/run-folder';
import { readHolder, refuseTrained, takeRun } from '../../../src/checkpoint/run-lock';
import { lockOfThisProcess, parseLock, type TrainLock } from '../../../src/config/train-lock';
import { parseRunConfig } from '../../../src/config/parse';
import { temporaryTag } from '../../../src/files/atomic';
import { patience } from '../../inspector/until';
import { temporaryFolder } from '../support/temporary';

const root = temporaryFolder();
const config = parseRunConfig({ data: { source: 'moons' }, model: { kind: 'vector', dim: 2 } }, 'test');
let folders = 0;

function folder(): string {
  const made = path.join(root, `run-${folders++}`);
  mkdirSync(made);
  return made;
}

const lockIn = (run: string): string => path.join(run, 'train.lock');

/** Leaves a lock like one of this process, but for what is given, last heard of so many seconds ago. */
function leave(run: string, lock: Partial<TrainLock>, secondsAgo = 0): TrainLock {
  const left = { ...lockOfThisProcess(randomUUID()), ...lock };
  writeLock(run, JSON.stringify(left), secondsAgo);
  return left;
}

function writeLock(run: string, text: string, secondsAgo: number): void {
  writeFileSync(lockIn(run), text);
  const time = Date.now() / 1000 - secondsAgo;
  utimesSync(lockIn(run), time, time);
}

const ownerOf = (run: string): TrainLock | undefined => parseLock(readFileSync(lockIn(run), 'utf8'));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

const since = String.raw`since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
const trained = (pid: number, host: string): RegExp =>
  new RegExp(`is being trained by process ${pid} on ${host} ${since}\\. .*Stop that one first`);

test('a run that is held is refused, naming who holds it, until it is released', async () => {
  const run = folder();
  const lock = await takeRun(run);
  const refused = { name: 'UserError', message: trained(process.pid, hostname()) };
  for (const takeOver of [false, true]) {
    await assert.rejects(takeRun(run, takeOver), refused);
    await assert.rejects(refuseTrained(run, takeOver), refused);
  }
  await lock.check();
  await lock.release();
  await lock.release();
  assert.deepEqual(readdirSync(run), []);
  assert.equal(await readHolder(run), undefined);
  await (await takeRun(run)).release();
});

test('a run whose process has ended is taken silently, however fresh its lock is', async () => {
  const run = folder();
  leave(run, { pid: await deadPid() });
  assert.equal((await readHolder(run))?.liveness, 'gone');
  const lock = await takeRun(run);
  assert.equal(ownerOf(run)?.pid, process.pid);
  await lock.release();
  assert.deepEqual(readdirSync(run), []);
});

test(
  'a process with the same id that began at another time is another one',
  { skip: process.platform !== 'linux' },
  async () => {
    const run = folder();
    leave(run, { start: `${lockOfThisProcess(randomUUID()).start}0` });
    await (await takeRun(run)).release();
    // The very one is alive, however long it has been silent: it may be stopped.
    leave(run, {}, 10_000);
    await assert.rejects(takeRun(run, true), {
      name: 'UserError',
      message: trained(process.pid, hostname()),
    });
  },
);

for (const [where, elsewhere] of [
  ['another machine', { host: 'far-away' }],
  ['another container of the same name', { space: 'pid:[1]' }],
  ['a system that does not say when processes began', { start: undefined }],
] as const) {
  test(`on ${where} heartbeats count, and silence has to be answered for`, async () => {
    const run = folder();
    const { pid, host } = leave(run, elsewhere, 100);
    await assert.rejects(takeRun(run, true), { name: 'UserError', message: trained(pid, host) });
    leave(run, elsewhere, 14 * 60);
    const message = new RegExp(
      `was being trained by process ${pid} on ${host} ${since}, which has given no sign of life for 14 minutes .*--take-over`,
    );
    await assert.rejects(takeRun(run), { name: 'UserError', message });
    await assert.rejects(refuseTrained(run), { name: 'UserError', message });
    await refuseTrained(run, true);
    await (await takeRun(run, true)).release();
    assert.deepEqual(readdirSync(run), []);
  });
}

test('a lock that is ahead of the folder’s clock is watched, and taken unless it beats', async () => {
  const run = folder();
  const ahead = () => leave(run, { host: 'far-away' }, -3600);
  ahead();
  const message = /train\.lock is 60 minutes ahead of the folder's clock\. If you are sure .*--take-over/;
  await assert.rejects(takeRun(run), { name: 'UserError', message });
  await assert.rejects(refuseTrained(run), { name: 'UserError', message });
  await refuseTrained(run, true);
  await (await takeRun(run, true, 20)).release();
  const { pid, host } = ahead();
  const taking = assert.rejects(takeRun(run, true, 500), { name: 'UserError', message: trained(pid, host) });
  await sleep(300);
  utimesSync(lockIn(run), new Date(), new Date());
  await taking;
  assert.deepEqual(readdirSync(run), ['train.lock']);
});

test('a trainer that was taken over notices, and leaves the new lock alone', async () => {
  const run = folder();
  const lock = await takeRun(run);
  leave(run, { host: 'far-away', pid: 17 });
  await assert.rejects(lock.check(), {
    name: 'UserError',
    message: /was taken over by process 17 on far-away/,
  });
  await lock.release();
  assert.equal(ownerOf(run)?.pid, 17);
});

test('a lock that does not say whose it is counts as held while it is young', async () => {
  for (const text of [
    '',
    '{"id": "../../x", "pid": 1',
    JSON.stringify({ id: randomUUID(), pid: -1 }),
    'x'.repeat(5000),
  ]) {
    const run = folder();
    writeLock(run, text, 0);
    await assert.rejects(takeRun(run, true), {
      name: 'UserError',
      message: /by a process that is not named in train\.lock/,
    });
    writeLock(run, text, 600);
    await assert.rejects(takeRun(run), { name: 'UserError', message: /--take-over/ });
    await (await takeRun(run, true)).release();
    assert.deepEqual(readdirSync(run), []);
  }
});

test('of many that want a run at once one gets it, also over a lock that was left behind', async () => {
  const pid = await deadPid();
  for (let round = 0; round < 20; round++) {
    const run = folder();
    if (round % 2) leave(run, { pid });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeRun(run)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(won.length, 1, `round ${round}`);
    for (const result of results)
      if (result.status === 'rejected') assert.match(String(result.reason), /is being trained by process/);
    await won[0]!.check();
    await won[0]!.release();
    assert.deepEqual(readdirSync(run), []);
  }
});

test('a taker that was killed while it took a lock over is in nobody’s way', async () => {
  const run = folder();
  const pid = await deadPid();
  const { id } = leave(run, { pid });
  writeFileSync(`${lockIn(run)}.${id}`, JSON.stringify({ ...lockOfThisProcess(randomUUID()), pid }));
  await (await takeRun(run)).release();
  assert.deepEqual(readdirSync(run), []);
});

test('of many that start a run in one folder one makes it', async () => {
  for (let round = 0; round < 10; round++) {
    const run = path.join(root, `new-${round}`, 'run');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => createRun(run, config)));
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(won.length, 1, JSON.stringify(results.map((result) => String(Object.values(result)[1]))));
    await assert.rejects(createRun(run, config), {
      name: 'UserError',
      message: trained(process.pid, hostname()),
    });
    await won[0]!.lock.release();
    await assert.rejects(createRun(run, config), { name: 'UserError', message: /already holds a run/ });
  }
});

test('whoever takes a run sweeps up after killed writers, and nothing else', async () => {
  const { paths, lock } = await createRun(path.join(root, 'swept'), config);
  const own = temporaryTag();
  const dead = `${own.slice(0, 8)}${(await deadPid()).toString(16).padStart(8, '0')}${own.slice(16)}`;
  await lock.release();
  const left = [
    '.run.json.0123456789ab.tmp',
    'checkpoints/.last.resume.safetensors.0123456789ab.tmp',
    'checkpoints/.step-00000100.flow.safetensors.0123456789ab.tmp',
    'samples/.step-00000100.png.0123456789ab.tmp',
    `train.lock.${randomUUID()}`,
    `.train.lock.${dead}.tmp`,
  ];
  // The last is of somebody who is about to find that the run is taken.
  const others = [
    '.control.json.0123456789ab.tmp',
    'checkpoints/.mine.tmp',
    'checkpoints/notes.txt',
    `.train.lock.${own}.tmp`,
  ];
  for (const name of [...left, ...others]) writeFileSync(path.join(paths.folder, name), '');
  const claimed = await claimRun(paths.folder);
  await claimed.lock.release();
  for (const name of left) assert.ok(!existsSync(path.join(paths.folder, name)), name);
  for (const name of others) assert.ok(existsSync(path.join(paths.folder, name)), name);
});

test('nobody is asked to steer a training whose process has ended', async () => {
  const { paths, lock } = await createRun(path.join(root, 'killed'), config);
  await writeStatus(paths, { status: 'running', step: 3, seconds: 1 });
  await requestControl(paths.folder, { action: 'pause' });
  await lock.release();
  const pid = await deadPid();
  leave(paths.folder, { pid });
  await assert.rejects(requestControl(paths.folder, { action: 'pause' }), {
    name: 'UserError',
    message: new RegExp(`its process ${pid} has ended`),
  });
});

test('heartbeats go on while this thread is busy', async (t) => {
  const run = folder();
  const lock = await takeRun(run, false, 20);
  t.after(() => lock.release());
  const before = statSync(lockIn(run)).mtimeMs;
  const until = Date.now() + patience(5000);
  let beaten = false;
  while (Date.now() < until && !beaten) beaten = statSync(lockIn(run)).mtimeMs > before;
  assert.ok(beaten);
  assert.equal(ownerOf(run)?.pid, process.pid);
});
