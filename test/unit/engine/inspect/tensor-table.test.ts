/** A file that is not recognised, from opening to the statistics that the page asks for. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { createInspector } from '../../../../src/engine/inspect/inspector';
import { openTensorTable } from '../../../../src/engine/open/open-model';
import { recordPlan } from '../../../../src/protocol/inspector-questions';
import { nextTensors } from '../../../../src/protocol/questions';

const backend = { name: 'onnxruntime', library: 'none', threads: 1, reason: 'a test' } as const;
const open = async (name: string) =>
  openTensorTable(
    await openTensorFile(path.resolve('test', 'fixtures', 'torch', name)),
    backend,
    'No library that is known.',
  );

test('a table at once, statistics when asked for', async () => {
  const model = await open('types.pt');
  const inspector = createInspector('1', model);
  const { signal } = new AbortController();
  const summary = await inspector.ask('summary', undefined, signal);
  assert.equal(summary.runnable, false);
  assert.equal(summary.format, 'torch');
  assert.equal(summary.subtitle, '14 tensors, 74 values');
  assert.deepEqual(
    summary.tensors.find(({ name }) => name === 'bool'),
    { name: 'bool', dtype: 'BOOL', shape: [2, 2] },
  );
  const [half, empty, none] = await inspector.ask('tensors', { names: ['f16', 'empty', 'none'] }, signal);
  // Worked out by hand from the values in make.py, which half precision holds as 2^-24 and −50·2^-24.
  const values = [0, -0, 1, -2.5, 2 ** -24, -50 * 2 ** -24, 65504];
  const mean = values.reduce((a, b) => a + b) / 7;
  assert.equal(half!.name, 'f16');
  const { stats } = half!;
  assert.deepEqual(
    { ...stats, mean: 0, std: 0 },
    { count: 10, min: -2.5, mean: 0, max: 65504, std: 0, nan: 1, inf: 2 },
  );
  assert.ok(Math.abs(stats!.mean - mean) < 1e-9 * mean);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 7;
  assert.ok(Math.abs(stats!.std - Math.sqrt(variance)) < 1e-9 * mean);
  assert.deepEqual(empty!.stats, { count: 0, min: NaN, max: NaN, mean: NaN, std: NaN, nan: 0, inf: 0 });
  assert.match(none!.problem!, /holds no tensor "none"/);
  await model.dispose();
});

test('what is not read, what is left out', async () => {
  const complex = await open('complex.pt');
  const answer = await createInspector('1', complex).ask(
    'tensors',
    { names: ['complex', 'w'] },
    new AbortController().signal,
  );
  assert.match(answer[0]!.problem!, /complex numbers \(C64\)/);
  assert.equal(answer[1]!.stats!.mean, 1);
  await complex.dispose();
  const training = await open('training.pt');
  const { reason } = await training.summary();
  assert.equal(reason, 'No library that is known.\nNot shown: "ema" (9 tensors), "best_loss".');
  await training.dispose();
});

test('can be cancelled', async () => {
  const model = await open('types.pt');
  const controller = new AbortController();
  const answer = createInspector('1', model).ask('tensors', { names: ['f32', 'f64'] }, controller.signal);
  controller.abort();
  await assert.rejects(answer, { name: 'CancelledError' });
  await model.dispose();
});

test('a saved page records what the table shows, in the batches in which the page asks', async () => {
  const model = await open('types.pt');
  const summary = { ...(await model.summary()), id: '1' };
  await model.dispose();
  const { questions } = recordPlan(summary);
  assert.deepEqual(questions.at(-1), {
    method: 'tensors',
    query: { names: summary.tensors.map(({ name }) => name) },
  });
  const many = Array.from({ length: 900 }, (_, i) => ({
    name: `t${i}`,
    dtype: 'F32',
    shape: i === 150 ? [2 ** 23] : [],
  }));
  const recorded = recordPlan({ ...summary, tensors: many }).questions.slice(1);
  const names = recorded.map(({ query }) => (query as { names: string[] }).names);
  assert.deepEqual(
    names.map(({ length }) => length),
    // A large one begins a batch of its own, and ends it.
    [100, 50, 1, 100, 100, 100, 49],
  );
  assert.deepEqual(
    names.flat(),
    many.slice(0, 500).map(({ name }) => name),
  );
  assert.deepEqual(
    nextTensors(many, (name) => name !== 't7'),
    ['t7'],
  );
  assert.deepEqual(
    nextTensors(many, () => true),
    [],
  );
});
