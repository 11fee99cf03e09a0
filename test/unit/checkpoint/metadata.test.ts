/** Metadata that are JSON, but not what they should be: refused in words, with the key. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readCheckpointHeader } from '../../../src/checkpoint/checkpoint';
import { loadResume } from '../../../src/checkpoint/resume';
import { readSafetensors, writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { rowOf } from '../../../src/checkpoint/metrics-tail';
import { readMetadata } from '../../../src/engine/onnx-file/metadata';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const trained = path.resolve('test', 'fixtures', 'trained', 'moons.flow.safetensors');

const bad: Readonly<Record<string, readonly unknown[]>> = {
  metrics: [[], {}, { step: 'x', seconds: 1 }, null],
  standardize: [{}, { mean: [1], std: [0] }, { mean: [1, 2], std: [1] }, { mean: ['1'], std: [1] }],
  data: [{}, { name: 'x', source: 'y', rows: 1, train: 'x', validation: 1, shape: [2], note: '' }],
  origin: [{}, { library: 'zuko', fileName: 'x', assumptions: 'none' }],
};

test('of a checkpoint', async () => {
  const { metadata, tensors } = await readSafetensors(trained);
  const file = path.join(folder, 'a.flow.safetensors');
  for (const [key, values] of Object.entries(bad)) {
    for (const value of [...values, undefined]) {
      const text = value === undefined ? '{' : JSON.stringify(value);
      await writeSafetensors(file, tensors, { ...metadata, [key]: text });
      await assert.rejects(
        readCheckpointHeader(file),
        { name: 'UserError', message: new RegExp(`its metadata "${key}" is not`) },
        `${key} ${text}`,
      );
    }
  }
  // What a diverged training measured has no form in JSON.
  await writeSafetensors(file, tensors, {
    ...metadata,
    metrics: '{"step":1,"seconds":2,"gradientNorm":null}',
  });
  assert.deepEqual((await readCheckpointHeader(file)).metrics, { step: 1, seconds: 2 });
});

test('of the state that a run goes on from', async () => {
  const file = path.join(folder, 'last.resume.safetensors');
  const good = { format: 'flowscope-resume', format_version: '1', step: '5', seconds: '1' };
  for (const progress of ['{}', '[]', '{"withoutBetter":-1}', '{"withoutBetter":0,"best":{"step":1}}', '']) {
    await writeSafetensors(file, {}, { ...good, progress });
    await assert.rejects(loadResume(file), { name: 'UserError', message: /its metadata "progress" is not/ });
  }
  await writeSafetensors(file, {}, { ...good, progress: '{"withoutBetter":2}' });
  assert.deepEqual((await loadResume(file)).progress, { withoutBetter: 2 });
});

test('of an ONNX file', () => {
  const config = JSON.stringify({ model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] } });
  const good = { format: 'flowscope', format_version: '1', part: 'forward', config, step: '1' };
  assert.equal(readMetadata('a.onnx', good)!.step, 1);
  for (const [key, text] of [
    ['standardize', '{"mean":[1]}'],
    ['couplings', '{}'],
    ['couplings', '[1]'],
    ['base', '{"a":"b"}'],
  ] as const) {
    assert.throws(() => readMetadata('a.onnx', { ...good, [key]: text }), {
      name: 'UserError',
      message: new RegExp(`a.onnx: is damaged: its metadata "${key}"`),
    });
  }
});

test('of a line of metrics', () => {
  assert.deepEqual(rowOf('{"step":1,"seconds":2,"trainNats":null,"other":3}'), {
    step: 1,
    seconds: 2,
    other: 3,
  });
  for (const line of ['', '{', 'null', '[]', '{"step":1}', '{"step":"1","seconds":2}']) {
    assert.equal(rowOf(line), undefined);
  }
});
