/** Weights that an ONNX file keeps in files beside it. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { onnx } from 'onnx-proto';
import { UserError } from '../../../../src/base/user-error';
import { loadOnnxModel } from '../../../../src/engine/onnx-flow/load-model';
import { put, temporaryFolder } from '../../support/temporary';
import { processorTime } from '../../support/processor-time';

const folder = temporaryFolder();
const models = path.join(folder, 'models');

/** A model whose weights are where the entries say. */
function model(...weights: Record<string, string>[]): string {
  const initializer = weights.map((entries, i) => ({
    name: `w${i}`,
    dataType: onnx.TensorProto.DataType.FLOAT,
    dims: [2],
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  }));
  const node = [{ opType: 'Identity', input: ['x'], output: ['y'] }];
  const port = (name: string) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } },
  });
  const graph = { name: 'g', node, initializer, input: [port('x')], output: [port('y')] };
  const bytes = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  return put(models, 'm.onnx', bytes);
}

const values = Float32Array.of(1, 2, 3, 4);
put(models, 'w.bin', new Uint8Array(values.buffer));
put(models, 'below/w.bin', new Uint8Array(values.buffer));
put(folder, 'secret.bin', new Uint8Array(values.buffer));

const refused = (file: string, message: RegExp) =>
  assert.rejects(
    loadOnnxModel(file),
    (error) => error instanceof UserError && message.test(error.message) && error.message.length < 1000,
  );

test('are brought inside, with and without a length', async () => {
  const { graph } = await loadOnnxModel(
    model(
      { location: 'w.bin', offset: '8', length: '8' },
      { location: 'w.bin', offset: '8' },
      { location: 'below/w.bin' },
      { location: './below/../w.bin' },
    ),
  );
  const read = graph!.initializer!.map(({ rawData }) => [...new Float32Array(rawData!.slice().buffer)]);
  assert.deepEqual(read, [
    [3, 4],
    [3, 4],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
});

test('without a length they count by the size of their file, before any is read', async () => {
  truncateSync(put(models, 'large.bin', ''), 1.5 * 2 ** 30);
  const started = processorTime();
  await refused(
    model(...Array.from({ length: 1000 }, () => ({ location: 'large.bin' }))),
    /larger than 2 GiB/,
  );
  assert.ok(processorTime() - started < 5000);
});

test('elsewhere are refused, also where a link leads there', async (context) => {
  const outside = /keeps the weights "w0" at .*, which is no place beside it/;
  for (const location of [
    '',
    '.',
    '..',
    '../secret.bin',
    path.join(folder, 'secret.bin'),
    'x/../../secret.bin',
  ]) {
    await refused(model({ location }), outside);
  }
  await refused(model({ location: `../${'a'.repeat(1_000_000)}` }), outside);
  await refused(model({ location: 'none.bin' }), /none\.bin: no such file; it holds weights of m\.onnx/);
  await refused(model({ location: 'below' }), /below: is no file/);
  await refused(model({ location: 'w.bin', length: '99' }), /ends before byte 99/);
  try {
    symlinkSync(path.join(folder, 'secret.bin'), path.join(models, 'link.bin'));
  } catch {
    context.skip('links cannot be made here');
    return;
  }
  await refused(model({ location: 'link.bin' }), outside);
});

test('are read where the model is a link and they are, too, beside what it leads to', async (context) => {
  put(folder, 'blobs/weights', new Uint8Array(values.buffer));
  const blob = put(folder, 'blobs/model', '');
  renameSync(model({ location: 'm.data' }), blob);
  mkdirSync(path.join(folder, 'snapshot'));
  try {
    symlinkSync(blob, path.join(folder, 'snapshot', 'm.onnx'));
    symlinkSync(path.join(folder, 'blobs', 'weights'), path.join(folder, 'snapshot', 'm.data'));
  } catch {
    context.skip('links cannot be made here');
    return;
  }
  const { graph } = await loadOnnxModel(path.join(folder, 'snapshot', 'm.onnx'));
  assert.equal(graph!.initializer![0]!.rawData!.length, 16);
});
