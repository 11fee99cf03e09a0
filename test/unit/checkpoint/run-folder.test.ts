import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { saveCheckpoint } from '../../../src/checkpoint/checkpoint';
import { loadResume, saveResume } from '../../../src/checkpoint/resume';
import {
  appendMetrics,
  createRun,
  dropAfter,
  isRunFolder,
  listCheckpoints,
  openRun,
  pruneCheckpoints,
  readMetrics,
  readStatus,
  truncateMetrics,
  writeStatus,
} from '../../../src/checkpoint/run-folder';
import { writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { parseRunConfig } from '../../../src/config/parse';
import { put, temporaryFolder } from '../support/temporary';
import { resolved } from './opened';

const root = temporaryFolder();
let runs = 0;
const config = parseRunConfig({ data: { source: 'moons' }, model: { kind: 'vector', dim: 2 } }, 'test');
const fresh = async () => {
  const { paths, lock } = await createRun(path.join(root, `run-${runs++}`, 'deep'), config);
  await lock.release();
  return paths;
};

const save = (file: string, step: number, validationNats?: number) =>
  saveCheckpoint(file, {
    config,
    step,
    seconds: step,
    metrics: { step, seconds: step, validationNats },
    tensors: { w: { shape: [1], data: Float32Array.of(step) } },
  });

test('a run is made, opened and known', async () => {
  const paths = await fresh();
  assert.equal(await isRunFolder(paths.folder), true);
  assert.deepEqual((await openRun(paths.folder)).config, config);
  assert.equal(path.basename(paths.checkpoint(500)), 'step-00000500.flow.safetensors');
  assert.equal(path.basename(paths.sample(500)), 'step-00000500.png');
});

test('nothing is overwritten', async () => {
  const paths = await fresh();
  await assert.rejects(createRun(paths.folder, config), {
    name: 'UserError',
    message: /already holds a run\. Resume it/,
  });
  const letter = put(root, 'other/letter.txt', 'dear');
  await assert.rejects(createRun(path.dirname(letter), config), {
    name: 'UserError',
    message: /is not empty and not a run \(it holds letter\.txt\)/,
  });
  assert.deepEqual(readdirSync(path.dirname(letter)), ['letter.txt']);
  await assert.rejects(createRun(letter, config), {
    name: 'UserError',
    message: /is a file; expected a folder/,
  });
  await assert.rejects(createRun(path.join(letter, 'run'), config), { name: 'UserError' });
  await assert.rejects(openRun(path.dirname(letter)), { name: 'UserError', message: /is not a run folder/ });
});

test('metrics survive a torn last line, and rows after a step can be dropped', async () => {
  const paths = await fresh();
  assert.deepEqual(await readMetrics(paths), []);
  for (const step of [1, 2, 3])
    await appendMetrics(paths, { step, seconds: step, trainNats: step === 2 ? NaN : 0.5 });
  appendFileSync(paths.metrics, '{"step":4,"sec');
  assert.deepEqual(await readMetrics(paths), [
    { step: 1, seconds: 1, trainNats: 0.5 },
    { step: 2, seconds: 2 },
    { step: 3, seconds: 3, trainNats: 0.5 },
  ]);
  await truncateMetrics(paths, 2);
  await appendMetrics(paths, { step: 3, seconds: 9 });
  assert.deepEqual(
    (await readMetrics(paths)).map(({ seconds }) => seconds),
    [1, 2, 9],
  );
  assert.equal(readFileSync(paths.metrics, 'utf8').split('\n').length, 4);
});

test('status is written and read, and absent or damaged ones are no error', async () => {
  const paths = await fresh();
  assert.equal(await readStatus(paths), undefined);
  await writeStatus(paths, { status: 'stopped', step: 7, seconds: 1.5, message: 'cancelled' });
  const status = (await readStatus(paths))!;
  assert.deepEqual([status.status, status.step, status.message], ['stopped', 7, 'cancelled']);
  assert.ok(Math.abs(Date.parse(status.updated) - Date.now()) < 60_000);
  // Earlier versions wrote the step that was not finite into the sentence alone.
  const where = 'the loss is finite, but the gradient of layer couplings.1 is not, or is too large to square';
  const notFinite = { step: 8, where, layer: 'couplings.1' };
  const failed = { status: 'failed', step: 7, seconds: 1.5 } as const;
  const message = `Step 8 is not finite: ${where}. The last good checkpoint is kept.`;
  for (const why of [{ message }, { message, notFinite }]) {
    await writeStatus(paths, { ...failed, ...why });
    assert.deepEqual((await readStatus(paths))!.notFinite, notFinite);
  }
  put(paths.folder, 'run.json', '{"status":"dancing"}');
  assert.equal(await readStatus(paths), undefined);
});

test('checkpoints are listed by step, once each, the best one marked', async () => {
  const paths = await fresh();
  assert.deepEqual(await listCheckpoints(paths), []);
  await save(paths.checkpoint(20), 20, 3);
  await save(paths.checkpoint(10), 10, 4);
  await save(paths.best, 20, 3);
  await save(paths.last, 25);
  put(paths.checkpoints, 'step-00000015.flow.safetensors', 'damaged');
  await saveResume(paths.resume, { step: 25, seconds: 1, progress: { withoutBetter: 0 }, tensors: {} });
  assert.deepEqual(await listCheckpoints(paths), [
    { path: paths.checkpoint(10), step: 10, validationNats: 4, best: false },
    { path: paths.checkpoint(20), step: 20, validationNats: 3, best: true },
    { path: paths.last, step: 25, validationNats: undefined, best: false },
  ]);
});

test('the oldest periodic checkpoints are pruned, never the best or the last', async () => {
  const paths = await fresh();
  for (const step of [1, 2, 3, 4]) await save(paths.checkpoint(step), step);
  await save(paths.best, 1, 1);
  await save(paths.last, 4);
  await pruneCheckpoints(paths, 2);
  assert.deepEqual(readdirSync(paths.checkpoints).sort(), [
    'best.flow.safetensors',
    'last.flow.safetensors',
    'step-00000003.flow.safetensors',
    'step-00000004.flow.safetensors',
  ]);
  await pruneCheckpoints(paths, 5);
  assert.equal(readdirSync(paths.checkpoints).length, 4);
});

test('what a resumed run makes anew is dropped', async () => {
  const paths = await fresh();
  for (const step of [1, 2, 3]) await save(paths.checkpoint(step), step);
  put(paths.samples, 'step-00000003.png', '');
  put(paths.samples, 'notes.png', '');
  await dropAfter(paths, 2);
  assert.equal(existsSync(paths.checkpoint(2)), true);
  assert.equal(existsSync(paths.checkpoint(3)), false);
  assert.deepEqual(readdirSync(paths.samples), ['notes.png']);
});

test('the state to resume from comes back exactly', async () => {
  const paths = await fresh();
  const state = {
    step: 7,
    seconds: 1.25,
    progress: { best: { step: 5, nats: 0.1 + 0.2 }, withoutBetter: 3 },
    tensors: { 'adam/m': { shape: [3], data: Float32Array.of(1e-30, -0, 3.4e38) } },
  };
  await saveResume(paths.resume, state);
  assert.deepEqual(await loadResume(paths.resume), state);
  await save(paths.last, 7);
  await assert.rejects(loadResume(paths.last), { name: 'UserError', message: /is not a training state/ });
  await assert.rejects(loadResume(path.join(paths.folder, 'none')), {
    name: 'UserError',
    message: /no such file/,
  });
});

test('a path leads to the model that is meant', async () => {
  const paths = await fresh();
  await assert.rejects(resolved(paths.folder), {
    name: 'UserError',
    message: /this run has no checkpoint yet/,
  });
  await writeStatus(paths, {
    status: 'failed',
    step: 1,
    seconds: 1,
    message: 'Step 2 is not finite: why.',
    notFinite: { step: 2, where: 'why' },
  });
  await assert.rejects(resolved(paths.folder), {
    name: 'UserError',
    message:
      /this run has no checkpoint, because its training failed\. Step 2 is not finite: why\. Train again with a lower learning rate\.$/,
  });
  await save(paths.last, 9);
  assert.deepEqual(await resolved(paths.folder), { kind: 'checkpoint', file: paths.last, run: paths.folder });
  await save(paths.best, 5, 1);
  assert.deepEqual(await resolved(paths.folder), { kind: 'checkpoint', file: paths.best, run: paths.folder });
  assert.deepEqual(await resolved(paths.last), { kind: 'checkpoint', file: paths.last, run: paths.folder });

  const alone = path.join(root, 'alone.flow.safetensors');
  await save(alone, 1);
  assert.deepEqual(await resolved(alone), { kind: 'checkpoint', file: alone, run: undefined });
  const foreign = path.join(root, 'foreign.safetensors');
  await writeSafetensors(foreign, { w: { shape: [1], data: Float32Array.of(1) } });
  assert.equal((await resolved(foreign)).kind, 'safetensors');
  assert.equal((await resolved(put(root, 'm.ONNX', 'x'))).kind, 'onnx');

  await assert.rejects(resolved(put(root, 'a.txt', 'hello')), {
    name: 'UserError',
    message: /is not a model; expected/,
  });
  await assert.rejects(resolved(path.join(root, 'nothing')), { name: 'UserError', message: /no such file/ });
  await assert.rejects(resolved(root), { name: 'UserError', message: /is a folder but not a run/ });
});

test('a folder in which a start was killed before it was a run can be started in', async () => {
  const folder = path.join(root, 'begun');
  mkdirSync(path.join(folder, 'checkpoints'), { recursive: true });
  put(folder, '.config.json.00112233445566778899aabb.tmp', '{');
  const { lock, paths } = await createRun(folder, config);
  await lock.release();
  assert.ok(existsSync(paths.config));
  const used = path.join(root, 'used');
  put(used, 'checkpoints/mine.safetensors', '');
  await assert.rejects(createRun(used, config), { name: 'UserError', message: /is not empty and not a run/ });
});
