/** A flow rebuilt from its checkpoint is the same function, to the last bit. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../src/checkpoint/recognize/load';
import { runConfigSchema } from '../../src/config/schema';
import { buildFlow } from '../../src/flow/flow';
import { contextOf, inputOf, movedValues, onCpu, toTensors, type Values } from './eager';

const models = [
  {
    kind: 'vector',
    dim: 3,
    couplings: 4,
    hidden: [8],
    flowNorm: true,
    mask: 'random',
    permutation: 'random',
  },
  { kind: 'image', height: 4, width: 4, channels: 2, scales: 2, base: 4, blocks: 1 },
];

let folder: string;
before(async () => {
  await onCpu();
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-'));
});
after(() => rm(folder, { recursive: true }));

describe('saving and loading', () => {
  for (const model of models) {
    it(`gives back the same ${model.kind} flow`, async () => {
      const config = v.parse(runConfigSchema, { data: { source: 'test' }, model });
      const flow = buildFlow(config.model);
      const values = movedValues(flow, 7);
      const file = path.join(folder, `${model.kind}.flow.safetensors`);
      await saveCheckpoint(file, { config, step: 12, seconds: 3, tensors: values });
      const loaded = await loadAnyCheckpoint(file);
      assert.deepEqual(loaded.config, config);
      const again = buildFlow(loaded.config.model);
      const x = inputOf(flow.inputShape, 3, 7);
      const first = flow.forward(contextOf(toTensors(values), false), x);
      const second = again.forward(contextOf(toTensors(loaded.tensors as Values), false), x);
      assert.deepEqual(second.value.dataSync(), first.value.dataSync());
      assert.deepEqual(second.logDet.dataSync(), first.logDet.dataSync());
    });
  }
});
