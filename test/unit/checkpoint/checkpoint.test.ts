import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readCheckpointHeader, saveCheckpoint } from '../../../src/checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { parseRunConfig } from '../../../src/config/parse';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const config = parseRunConfig({ data: { source: 'a.csv' }, model: { kind: 'vector', dim: 2 } }, 'test');
const tensors = {
  'couplings.0/w': { shape: [2, 1], data: Float32Array.of(0.1, NaN) },
  'norm/mean': { shape: [1], data: Float32Array.of(Infinity) },
};
const full = {
  config,
  step: 12,
  seconds: 0.5,
  metrics: { step: 12, seconds: 0.5, validationNats: 1.25 },
  standardize: { mean: [0.1, 2], std: [1, 1e-3], names: ['a', 'é'] },
  data: { name: 'a.csv', source: '/a.csv', rows: 10, train: 8, validation: 2, shape: [2], note: 'a table' },
  origin: { library: 'nflows', fileName: 'a.pt', assumptions: ['activation relu (default)'] },
  tensors,
};

test('everything comes back', async () => {
  const file = path.join(folder, 'a.flow.safetensors');
  await saveCheckpoint(file, full);
  assert.deepEqual(await loadAnyCheckpoint(file), full);
  assert.deepEqual({ ...(await readCheckpointHeader(file)), tensors }, full);
});

test('files that are not ours, newer or damaged are refused with advice', async () => {
  const file = path.join(folder, 'b.flow.safetensors');
  const good = {
    format: 'flowscope',
    format_version: '1',
    config: JSON.stringify(config),
    step: '1',
    seconds: '1',
  };
  const wrong: [Record<string, string>, RegExp][] = [
    [
      { ...good, format_version: '2' },
      /written by a newer version of Flowscope \(format 2; this one reads up to 1\)\. Update/,
    ],
    [{ ...good, format_version: 'x' }, /is damaged: format_version is "x"/],
    [{ ...good, config: '{"data":' }, /\(config\):1:9: not valid JSON/],
    [
      { ...good, config: '{"data":{"source":"x"},"model":{"kind":"vector","dim":0}}' },
      /model\.dim: expected an integer ≥ 1/,
    ],
    [{ ...good, step: 'many' }, /step is "many"; expected a number/],
    [{ ...good, metrics: '[1' }, /its metadata "metrics" is not JSON/],
    [
      { ...good, standardize: '{"mean":[1],"std":[0]}' },
      /its metadata "standardize" is not what it should be/,
    ],
    [
      { ...good, standardize: '{"mean":[1],"std":[1,2]}' },
      /its metadata "standardize" is not what it should be/,
    ],
  ];
  await writeSafetensors(file, tensors, {});
  await assert.rejects(loadAnyCheckpoint(file), { name: 'UserError', message: /match no library/ });
  await assert.rejects(readCheckpointHeader(file), { message: /without a Flowscope model in it/ });
  for (const [metadata, expected] of wrong) {
    await writeSafetensors(file, tensors, metadata);
    for (const read of [loadAnyCheckpoint, readCheckpointHeader]) {
      await assert.rejects(read(file), { name: 'UserError', message: expected });
    }
  }
});
