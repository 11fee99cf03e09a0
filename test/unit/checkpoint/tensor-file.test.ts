import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { nonFiniteTensors } from '../../../src/engine/open/describe-model';
import type { NdArray } from '../../../src/protocol/tensors';
import { put, temporaryFolder } from '../support/temporary';
import { wild, writeChanged } from './import/files';
import { resolved } from './opened';

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
  const header = { w: { dtype: 'F8_E5M2FNUZ', shape: [2], data_offsets: [0, 2] } };
  const opened = await openTensorFile(put(folder, 'eight.safetensors', safetensors(header, Buffer.alloc(2))));
  assert.equal(opened.tensors.get('w')!.dtype, 'F8_E5M2FNUZ');
  await assert.rejects(opened.read('w'), {
    name: 'UserError',
    message: /8-bit floats of another kind \(F8_E5M2FNUZ\)/,
  });
  await opened.close();
});

test('values of short floats that are not finite are counted', async () => {
  const header = { w: { dtype: 'F8_E5M2', shape: [3], data_offsets: [0, 3] } };
  const opened = await openTensorFile(
    put(folder, 'short.safetensors', safetensors(header, Buffer.of(0x3c, 0xfc, 0x7f))),
  );
  assert.deepEqual(await nonFiniteTensors(opened), [{ name: 'w', dtype: 'F8_E5M2', nan: 1, inf: 1 }]);
  await opened.close();
});

test('a length of the header that begins like a pickle', async () => {
  const header = { w: { dtype: 'F32', shape: [], data_offsets: [0, 4] } };
  for (const length of [0x0280, 0x0380, 0x0480, 0x0580]) {
    const file = put(folder, 'length.bin', safetensors(header, Buffer.alloc(4), length));
    assert.deepEqual(await resolved(file), { kind: 'safetensors', file, run: undefined });
    const opened = await openTensorFile(file);
    assert.deepEqual((await opened.read('w')).data, Float32Array.of(0));
    await opened.close();
  }
});

test('a model of PyTorch is found by its content', async () => {
  for (const name of ['a.pt', 'a.pth.tar', 'a.ckpt', 'a']) {
    const file = path.join(folder, name);
    copyFileSync(path.resolve('test', 'fixtures', 'torch', 'net.protocol2.pt'), file);
    assert.deepEqual(await resolved(file), { kind: 'torch', file, run: undefined });
  }
  await assert.rejects(resolved(put(folder, 'text.pt', 'not a model')), {
    name: 'UserError',
    message: /text\.pt: is not a model; expected .* a PyTorch checkpoint \(\.pt, \.pth\)/,
  });
});

test('the name that an export was given stands for its files, unless it is there itself', async () => {
  const forward = put(folder, 'digits.forward.onnx', 'onnx');
  const named = path.join(folder, 'digits.onnx');
  assert.deepEqual(await resolved(named), { kind: 'onnx', file: forward, run: undefined });
  put(folder, 'digits.onnx', 'onnx');
  assert.deepEqual(await resolved(named), { kind: 'onnx', file: named, run: undefined });
  await assert.rejects(resolved(path.join(folder, 'other.onnx')), /other\.onnx: no such file/);
});

describe('shards', () => {
  const flow = wild('zuko-nsf-2d', 'flow.pt');

  /** The tensors of a flow in files of these names, all of the first layer in the first one. */
  async function inShards(names: readonly string[], index?: string): Promise<string> {
    const where = mkdtempSync(path.join(folder, 'shards-'));
    const parts = names.map(() => new Map<string, NdArray>());
    await writeChanged({ path: flow }, path.join(where, 'whole.safetensors'), (tensors) => {
      for (const [name, tensor] of tensors)
        parts[Math.min(Number(/\d+/.exec(name)?.[0] ?? 0), names.length - 1)]!.set(name, tensor);
    });
    rmSync(path.join(where, 'whole.safetensors'));
    for (const [i, part] of parts.entries())
      await writeSafetensors(path.join(where, names[i]!), Object.fromEntries(part));
    if (index !== undefined) {
      const map = parts.flatMap((part, i) =>
        [...part.keys()].map((name): [string, string] => [name, names[i]!]),
      );
      put(where, index, JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(map) }));
    }
    return where;
  }

  const two = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const json = 'model.safetensors.index.json';

  it('open as the whole flow, by any of them or the index', async () => {
    const { tensors } = await loadAnyCheckpoint(flow);
    for (const [names, index] of [
      [two, json],
      [two, undefined],
      [['f-00000-of-00002.safetensors', 'f-00001-of-00002.safetensors'], undefined],
      [
        ['m-00001-of-00002.fp16.safetensors', 'm-00002-of-00002.fp16.safetensors'],
        'm.safetensors.index.fp16.json',
      ],
      // The index alone says that these belong together.
      [['a.safetensors', 'b.safetensors'], json],
    ] as const) {
      const where = await inShards(names, index);
      for (const name of [...names, ...(index ? [index] : [])]) {
        const file = path.join(where, name);
        assert.deepEqual((await loadAnyCheckpoint(file)).tensors, tensors, name);
        const opened = await openTensorFile(file);
        assert.equal(
          opened.bytes,
          names.reduce((sum, one) => sum + statSync(path.join(where, one)).size, 0),
        );
        await opened.close();
      }
    }
  });

  it('are refused where one is missing, and it is named', async () => {
    for (const index of [undefined, json]) {
      const where = await inShards(two, index);
      rmSync(path.join(where, two[1]!));
      for (const name of [two[0]!, ...(index ? [index] : [])])
        await assert.rejects(loadAnyCheckpoint(path.join(where, name)), {
          name: 'UserError',
          message: /in 2 files \(shards\), of which model-00002-of-00002\.safetensors is missing/,
        });
    }
  });

  it('are refused where they do not fit each other or their index', async () => {
    const where = await inShards(two, json);
    const map = { weight_map: { 'no.such.tensor': two[0], other: two[1] } };
    put(where, json, JSON.stringify(map));
    await assert.rejects(loadAnyCheckpoint(path.join(where, two[0]!)), /which is not there/);
    rmSync(path.join(where, json));
    copyFileSync(path.join(where, two[0]!), path.join(where, two[1]!));
    await assert.rejects(loadAnyCheckpoint(path.join(where, two[0]!)), /is in two files of the checkpoint/);
  });

  it('are looked for in the folder of the index alone, and in no large one', async () => {
    const where = await inShards(two);
    for (const name of ['../other.safetensors', '/etc/hosts', 'C:\\x', 'a/../b', '..', '', 7]) {
      const file = put(where, json, JSON.stringify({ weight_map: { a: name, b: two[0] } }));
      await assert.rejects(resolved(file), /expected the name of a file in the same folder/);
    }
    const words = { name: 'UserError', message: /expected a "weight_map"/ };
    for (const text of ['null', '[]', '{}', '{"weight_map": 3}'])
      await assert.rejects(resolved(put(where, json, text)), words);
    await assert.rejects(resolved(put(where, json, ' '.repeat(2 ** 20 + 2))), { name: 'UserError' });
    const many = path.join(where, 'x-00001-of-99999.safetensors');
    copyFileSync(path.join(where, two[0]!), many);
    await assert.rejects(loadAnyCheckpoint(many), /at most 500 are read/);
  });

  it('with an index of something else next to them are what they are', async () => {
    const where = await inShards(two);
    put(where, 'pages.index.json', '{"a": 1}');
    await loadAnyCheckpoint(path.join(where, two[0]!));
  });
});
