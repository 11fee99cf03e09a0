import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { resolveModelPath } from '../../../src/checkpoint/resolve-model';
import { writeSafetensors } from '../../../src/checkpoint/safetensors';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

/** A safetensors file with a header of at least so many bytes, multiples of eight. */
function safetensors(header: object, data: Uint8Array, length = 0): Buffer {
  const json = JSON.stringify(header);
  const padded = Buffer.from(json.padEnd(Math.max(length, Math.ceil(json.length / 8) * 8)));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([head, padded, data]);
}

test('metadata of safetensors are its extras', async () => {
  const file = path.join(folder, 'a.safetensors');
  await writeSafetensors(file, { w: { shape: [1], data: Float32Array.of(2) } }, { format: 'pt' });
  const opened = await openTensorFile(file);
  assert.equal(opened.container, 'safetensors');
  assert.deepEqual(opened.extras, { format: 'pt' });
  assert.deepEqual(await opened.read('w'), { shape: [1], data: Float32Array.of(2) });
  await assert.rejects(opened.read('v'), { name: 'UserError', message: /holds no tensor "v"/ });
  await opened.close();
});

test('a type of safetensors that is not read', async () => {
  const header = { w: { dtype: 'F8_E5M2', shape: [2], data_offsets: [0, 2] } };
  const opened = await openTensorFile(put(folder, 'eight.safetensors', safetensors(header, Buffer.alloc(2))));
  assert.equal(opened.tensors.get('w')!.dtype, 'F8_E5M2');
  await assert.rejects(opened.read('w'), { name: 'UserError', message: /8-bit floats \(F8_E5M2\)/ });
  await opened.close();
});

test('a length of the header that begins like a pickle', async () => {
  const header = { w: { dtype: 'F32', shape: [], data_offsets: [0, 4] } };
  for (const length of [0x0280, 0x0380, 0x0480, 0x0580]) {
    const file = put(folder, 'length.bin', safetensors(header, Buffer.alloc(4), length));
    assert.deepEqual(await resolveModelPath(file), { kind: 'safetensors', file, run: undefined });
    const opened = await openTensorFile(file);
    assert.deepEqual((await opened.read('w')).data, Float32Array.of(0));
    await opened.close();
  }
});

test('a model of PyTorch is found by its content', async () => {
  for (const name of ['a.pt', 'a.pth.tar', 'a.ckpt', 'a']) {
    const file = path.join(folder, name);
    copyFileSync(path.resolve('test', 'fixtures', 'torch', 'net.protocol2.pt'), file);
    assert.deepEqual(await resolveModelPath(file), { kind: 'torch', file });
  }
  await assert.rejects(resolveModelPath(put(folder, 'text.pt', 'not a model')), {
    name: 'UserError',
    message: /text\.pt: is not a model; expected .* a PyTorch checkpoint \(\.pt, \.pth\)/,
  });
});

test('the name that an export was given stands for its files, unless it is there itself', async () => {
  const forward = put(folder, 'digits.forward.onnx', 'onnx');
  const named = path.join(folder, 'digits.onnx');
  assert.deepEqual(await resolveModelPath(named), { kind: 'onnx', file: forward });
  put(folder, 'digits.onnx', 'onnx');
  assert.deepEqual(await resolveModelPath(named), { kind: 'onnx', file: named });
  await assert.rejects(resolveModelPath(path.join(folder, 'other.onnx')), /other\.onnx: no such file/);
});
