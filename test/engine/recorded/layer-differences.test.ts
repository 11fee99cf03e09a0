/** The first layer in which two flows differ: of two recordings, and of a recording and the checkpoint that we read. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import type { Backend } from '../../../src/engine/backends/backend';
import { layerDifferences } from '../../../src/engine/inspect/layer/layer-differences';
import { createInspector } from '../../../src/engine/inspect/inspector';
import type { Model } from '../../../src/engine/model/model';
import { openModel } from '../../../src/engine/open/open-model';
import { firstBeyond, type LayerDifferences } from '../../../src/protocol/layer-differences';
import { recordingFile, recordings } from './support';

let backend: Backend;
const opened: Model[] = [];
before(async () => (backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' })));
after(async () => {
  for (const model of opened) await model.dispose();
  await backend.dispose();
});

async function compared(
  a: string,
  b: string,
  tolerance = 1e-4,
): Promise<LayerDifferences & { first: number | undefined }> {
  const models = [await openModel(a, backend), await openModel(b, backend)] as const;
  opened.push(...models);
  const [first, second] = [models[0].inspected!, models[1].inspected!];
  const found = await layerDifferences(first, second, 8, new AbortController().signal);
  return { ...found, first: firstBeyond(found.layers, tolerance) };
}

it('is none of a flow beside itself', async () => {
  const { first, layers, examples } = await compared(recordingFile('nflows'), recordingFile('nflows'));
  assert.equal(first, undefined);
  assert.equal(examples, 8);
  assert.deepEqual(
    layers.map(({ output, logDet }) => [output, logDet]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

it('is the second coupling, from which on the parameters were changed', async () => {
  const { first, layers } = await compared(recordingFile('nflows'), recordingFile('nflows-later'));
  assert.equal(first, 1);
  assert.equal(layers[0]!.output, 0);
  assert.ok(layers[1]!.output > 1e-3);
});

// The second gives each of its examples its own condition, without which the splines are others.
for (const [name, count] of [
  ['nflows', 3],
  ['conditional', 2],
] as const) {
  const checkpoint = path.join(recordings, `${name}.state.safetensors`);
  for (const [order, a, b] of [
    ['a recording and the checkpoint', recordingFile(name), checkpoint],
    ['the checkpoint and a recording', checkpoint, recordingFile(name)],
  ] as const)
    it(`is none between ${order} of the same flow (${name})`, async () => {
      const { first, layers, examples } = await compared(a, b, 1e-5);
      assert.equal(first, undefined, JSON.stringify(layers));
      assert.equal(layers.length, count);
      assert.equal(examples, 8);
    });
}

it('is wherever a value is not finite in one of them alone', () => {
  const none = { a: 0, b: 0, output: 0, logDet: 0 };
  assert.equal(firstBeyond([none, { ...none, a: 1, logDet: NaN }], 1), 1);
});

it('is asked of B, with what A is called in the engine', async () => {
  const [a, b] = [
    await openModel(recordingFile('nflows'), backend),
    await openModel(recordingFile('nflows-later'), backend),
  ];
  opened.push(a, b);
  const signal = new AbortController().signal;
  const inspector = createInspector('2', b, (id) => {
    assert.equal(id, '1');
    return a;
  });
  const { layers, examples } = await inspector.ask('layerDifferences', { first: '1', count: 64 }, signal);
  assert.equal(examples, 24);
  assert.equal(firstBeyond(layers, 1e-4), 1);
  inspector.dispose();
});

it('cannot be told of flows of other sizes, or of other batches', async () => {
  await assert.rejects(compared(recordingFile('nflows'), recordingFile('pixels')), /take 4 and 8×8×3/);
});
