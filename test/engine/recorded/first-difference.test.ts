/** The first layer in which two flows differ: of two recordings, and of a recording and the checkpoint that we read. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import type { Backend } from '../../../src/engine/backends/backend';
import { firstDifference, type FlowDifference } from '../../../src/engine/inspect/first-difference';
import type { Model } from '../../../src/engine/model/model';
import { openModel } from '../../../src/engine/open/open-model';
import { recordingFile, recordings } from './support';

let backend: Backend;
const opened: Model[] = [];
before(async () => (backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' })));
after(async () => {
  for (const model of opened) await model.dispose();
  await backend.dispose();
});

async function compared(a: string, b: string, tolerance = 1e-4): Promise<FlowDifference> {
  const models = [await openModel(a, backend), await openModel(b, backend)] as const;
  opened.push(...models);
  const [ours, theirs] = [models[0].inspected!, models[1].inspected!];
  return firstDifference(ours, theirs, { count: 8, tolerance }, new AbortController().signal);
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

it('is none between a recording and the checkpoint of the same flow', async () => {
  const { first, layers } = await compared(
    recordingFile('nflows'),
    path.join(recordings, 'nflows.state.safetensors'),
    1e-5,
  );
  assert.equal(first, undefined, JSON.stringify(layers));
  assert.equal(layers.length, 3);
});

it('cannot be told of flows of other sizes, or of other batches', async () => {
  await assert.rejects(compared(recordingFile('nflows'), recordingFile('pixels')), /take 4 and 8×8×3/);
});
