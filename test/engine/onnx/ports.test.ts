/** What is guessed of inputs and outputs can be changed, and stays changed. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { createService } from '../../../src/engine/service';
import { findPair } from '../../../src/engine/onnx-flow/pair';
import { identifyPorts } from '../../../src/engine/onnx-flow/ports';
import { temporaryFolder } from '../../unit/support/temporary';

const fixtures = path.resolve('test', 'fixtures', 'onnx');
const folder = temporaryFolder();
const file = path.join(folder, 'flow.onnx');
copyFileSync(path.join(fixtures, 'nflows-autoregressive', 'forward.onnx'), file);
const sidecar = `${file}.flowscope.json`;

test('the form shows the guess, and its answers are what the file is opened with', async () => {
  writeFileSync(sidecar, '{"data": {"source": "rows.csv"}}');
  const service = createService({ threads: 1 });
  try {
    const form = await service.importForm(file);
    assert.ok(form);
    assert.equal(form.answered, true, 'nobody is kept from looking');
    assert.deepEqual(form.answers, { direction: 'forward', input: 'x', output: 'z', logDet: 'logdet' });
    await assert.rejects(
      service.answerImport(file, { ...form.answers, logDet: 'other' }),
      (error) => error instanceof UserError && /names the log-determinant "other".*x|z/.test(error.message),
    );
    await service.answerImport(file, { ...form.answers, direction: 'inverse', logDet: '' });
    assert.deepEqual(JSON.parse(readFileSync(sidecar, 'utf8')), {
      data: { source: 'rows.csv' },
      onnx: { direction: 'inverse', input: 'x', output: 'z', logDet: null },
    });
    assert.deepEqual((await service.importForm(file))?.answers, {
      direction: 'inverse',
      input: 'x',
      output: 'z',
      logDet: '',
    });
    const model = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
    assert.match((await model.summary()).origin?.title ?? '', /^inverse: x to z/);
    await model.dispose();
  } finally {
    await service.shutDown();
  }
});

test('sizes in the header of a file are bounded before anything is made of that size', () => {
  const identify = (shape: number[]) => {
    const ports = {
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: [{ name: 'z', dtype: 'float32', shape }],
    };
    return identifyPorts('f.onnx', ports, {}, undefined);
  };
  assert.equal(identify([64, 2]).fixedBatch, 64);
  for (const shape of [
    [1_000_000_000, 2],
    [1, 2 ** 40],
    [2 ** 20, 2 ** 20],
  ]) {
    assert.throws(
      () => identify(shape),
      (error) => error instanceof UserError && /f\.onnx: its input "x" has \d+ values/.test(error.message),
    );
  }
});

test('a density beside z is not taken for a log-det', () => {
  const port = (name: string, shape: (number | string)[]) => ({ name, dtype: 'float32', shape });
  const identify = (output: string) =>
    identifyPorts(
      'f.onnx',
      { inputs: [port('x', ['n', 3])], outputs: [port('z', ['n', 3]), port(output, ['n'])] },
      {},
      undefined,
    );
  assert.equal(identify('log_prob').logDet, undefined);
  assert.equal(identify('value').logDet, 'value');
});

test('the file of the other direction is read from beside the file or below it', async () => {
  for (const inverse of ['../inverse.onnx', path.resolve('inverse.onnx')]) {
    writeFileSync(sidecar, JSON.stringify({ onnx: { inverse } }));
    await assert.rejects(
      findPair(file),
      (error) =>
        error instanceof UserError &&
        error.message.includes(
          `names ${JSON.stringify(inverse)} as the inverse, which is no place beside it`,
        ),
    );
  }
  mkdirSync(path.join(folder, 'other'));
  const both = path.join(fixtures, 'nflows-2d');
  copyFileSync(path.join(both, 'forward.onnx'), path.join(folder, 'a.onnx'));
  copyFileSync(path.join(both, 'inverse.onnx'), path.join(folder, 'other', 'b.onnx'));
  writeFileSync(path.join(folder, 'a.onnx.flowscope.json'), '{"onnx": {"inverse": "other/b.onnx"}}');
  assert.ok((await findPair(path.join(folder, 'a.onnx'))).inverse);
});
