/** Files that PyTorch wrote: see test/fixtures/torch/make.py for each of them. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import { UserError } from '../../../../src/base/user-error';
import { put, temporaryFolder } from '../../support/temporary';
import { exportedArchive } from '../../support/torch-archives';

const fixtures = path.resolve('test', 'fixtures', 'torch');
const fixture = (name: string) => path.join(fixtures, name);
const folder = temporaryFolder();

interface Content {
  tensors: Record<string, { dtype: string; shape: readonly number[]; bits: string }>;
  extras: Readonly<Record<string, unknown>>;
  leftOut: readonly string[];
}

/** Everything of a file; bits tell apart what compares equal. */
async function contentOf(file: string): Promise<Content> {
  const opened = await openTensorFile(file);
  try {
    const tensors: Content['tensors'] = {};
    for (const [name, { dtype, shape }] of opened.tensors) {
      const { data, shape: read } = await opened.read(name);
      assert.deepEqual(read, [...shape]);
      assert.equal(
        data.length,
        shape.reduce((a, b) => a * b, 1),
      );
      const bits = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
      tensors[name] = { dtype, shape: [...shape], bits };
    }
    return { tensors, extras: opened.extras, leftOut: opened.leftOut ?? [] };
  } finally {
    await opened.close();
  }
}

const refused = (file: string, ...patterns: RegExp[]) =>
  assert.rejects(openTensorFile(file), (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });

test('every type, as safetensors has it', async () => {
  const torch = await contentOf(fixture('types.pt'));
  const { tensors } = await contentOf(fixture('types.safetensors'));
  assert.deepEqual(torch.tensors, tensors);
  assert.equal(new Set(Object.values(tensors).map(({ dtype }) => dtype)).size, 12);
});

test('values of every type', async () => {
  const opened = await openTensorFile(fixture('types.pt'));
  const values = async (name: string) => [...(await opened.read(name)).data];
  const special = [0, -0, 1, -2.5, Infinity, -Infinity, NaN];
  for (const name of ['f64', 'f32', 'f16', 'bf16']) {
    assert.deepEqual((await values(name)).slice(0, 7), special, name);
  }
  // The numbers that make.py lists, rounded to nearest as the types do; 2^-24 is the smallest of half precision.
  assert.deepEqual((await values('f64')).slice(-2), [Infinity, Math.fround(1 / 3)]);
  assert.deepEqual((await values('f16')).slice(7), [2 ** -24, -50 * 2 ** -24, 65504]);
  assert.deepEqual((await values('bf16')).slice(9), [65536, 226 * 2 ** 120]);
  assert.deepEqual(await values('i64'), [0, -1, 2 ** 24, -(2 ** 40), 2 ** 63]);
  assert.deepEqual(await values('i32'), [0, -1, 2 ** 31]);
  assert.deepEqual(await values('i16'), [0, -1, 32767]);
  assert.deepEqual(await values('i8'), [0, -1, 127, -128]);
  assert.deepEqual(await values('u8'), [0, 1, 255]);
  assert.deepEqual(await values('u16'), [0, 1, 65535]);
  assert.deepEqual(await values('u32'), [0, 1, 2 ** 32]);
  assert.deepEqual(await values('bool'), [1, 0, 0, 1]);
  assert.deepEqual(await values('scalar'), [0.25]);
  assert.deepEqual(await values('empty'), []);
  await assert.rejects(opened.read('none'), /holds no tensor "none"/);
  await opened.close();
});

test('windows into storages: transposed, sliced, permuted, expanded, shared', async () => {
  const torch = await contentOf(fixture('windows.pt'));
  const { tensors } = await contentOf(fixture('windows.safetensors'));
  assert.deepEqual(torch.tensors, tensors);
  assert.deepEqual(tensors.expanded!.shape, [3, 5]);
});

test('each protocol, each way of packing, the other order of bytes', async () => {
  const { tensors } = await contentOf(fixture('net.safetensors'));
  assert.equal(Object.keys(tensors).length, 9);
  for (const name of [
    ...[2, 3, 4, 5].map((protocol) => `net.protocol${protocol}.pt`),
    'big-endian.pt',
    'deflated.pt',
    'no-checksum.pt',
  ]) {
    assert.deepEqual(await contentOf(fixture(name)), { tensors, extras: {}, leftOut: [] }, name);
  }
});

test('the name of a file does not matter', async () => {
  const { tensors } = await contentOf(fixture('net.safetensors'));
  for (const name of ['net.pth.tar', 'net', 'net.safetensors', 'net.onnx']) {
    const file = path.join(folder, name);
    copyFileSync(fixture('net.protocol2.pt'), file);
    assert.deepEqual((await contentOf(file)).tensors, tensors);
  }
  const file = path.join(folder, 'really-safetensors.pt');
  copyFileSync(fixture('net.safetensors'), file);
  assert.deepEqual((await contentOf(file)).tensors, tensors);
});

test('the state dict is found among what a script saves beside it', async () => {
  const { tensors } = await contentOf(fixture('net.safetensors'));
  const expected: Content = {
    tensors,
    extras: {
      epoch: 12,
      steps: 2 ** 40,
      huge: String(2n ** 70n),
      loss: 1.5,
      accuracy: 0.75,
      count: 7,
      improved: true,
      name: 'größer',
      best: Infinity,
      flag: false,
      device: 'cuda:0',
      'shape.0': 3,
      'shape.1': 2,
      'rates.0': 0.5,
      'rates.1': 0.25,
      'milestones.10': 1,
      'milestones.20': 2,
    },
    leftOut: ['"ema" (9 tensors)', '"best_loss"'],
  };
  for (const name of ['training.pt', 'training.protocol5.pt']) {
    assert.deepEqual(await contentOf(fixture(name)), expected, name);
  }
  assert.deepEqual(await contentOf(fixture('nested.pt')), { tensors, extras: {}, leftOut: [] });
});

test('a moving average is a copy of a model that is wrapped for several GPUs', async () => {
  const opened = await openTensorFile(fixture('parallel.pt'));
  const [copy, ...more] = opened.copies ?? [];
  assert.deepEqual([opened.key, copy?.key, more.length], ['model', 'ema', 0]);
  assert.deepEqual([...(await opened.read('module.w')).data], [1, 1]);
  assert.deepEqual([...(await copy!.read('module.w')).data], [0, 0]);
  await opened.close();
});

test('containers of equal right keep their names', async () => {
  assert.deepEqual(Object.keys((await contentOf(fixture('two.pt'))).tensors), ['encoder.w', 'decoder.w']);
});

test('parameters, attributes, bare tensors and lists', async () => {
  const { tensors } = await contentOf(fixture('net.safetensors'));
  assert.deepEqual((await contentOf(fixture('parameters.pt'))).tensors, {
    w: tensors['linear.weight'],
    b: tensors['linear.bias'],
  });
  const valuesOf = async (name: string) => {
    const opened = await openTensorFile(fixture(name));
    const values: Record<string, number[]> = {};
    for (const key of opened.tensors.keys()) values[key] = [...(await opened.read(key)).data];
    await opened.close();
    return values;
  };
  assert.deepEqual(await valuesOf('attributes.pt'), { attributed: [1, 1], parameter: [0, 0] });
  assert.deepEqual(await valuesOf('tensor.pt'), { tensor: [0, 1, 2] });
  assert.deepEqual(await valuesOf('float8.pt'), { eight: [1, 1], w: [1, 1] });
  assert.deepEqual(await valuesOf('list.pt'), { 0: [0, 1, 2], 1: [1] });
});

test('types without a reader are listed, and refused by name when read', async () => {
  for (const [file, name, dtype, message] of [
    ['complex.pt', 'complex', 'C64', /tensor "complex": contains complex numbers \(C64\)/],
    ['quantized.pt', 'quantized', 'QINT8', /quantized numbers \(QINT8\).*dequantize/],
  ] as const) {
    const opened = await openTensorFile(fixture(file));
    assert.deepEqual(opened.tensors.get(name), { dtype, shape: [2] });
    await assert.rejects(opened.read(name), { name: 'UserError', message });
    assert.deepEqual([...(await opened.read('w')).data], [1, 1]);
    await opened.close();
  }
});

test('the format before PyTorch 1.6, arrays of numpy and arguments next to the tensors', async () => {
  const { tensors } = await contentOf(fixture('net.safetensors'));
  assert.deepEqual((await contentOf(fixture('legacy.pt'))).tensors, tensors);
  const withArray = await contentOf(fixture('array.pt'));
  assert.deepEqual(withArray.tensors, tensors);
  assert.deepEqual(withArray.leftOut, ['"curve"']);
  const withArguments = await contentOf(fixture('namespace.pt'));
  assert.deepEqual(withArguments.tensors, tensors);
  assert.deepEqual(withArguments.extras, { 'args.lr': 0.1 });
});

test('a program of TorchScript: its weights, by the names of its modules', async () => {
  const { tensors, extras } = await contentOf(fixture('script.pt'));
  const entries = unzipSync(readFileSync(fixture('script.pt')));
  const stored = (key: string): string => Buffer.from(entries[`script/data/${key}`]!).toString('hex');
  assert.deepEqual(tensors, {
    weight: { dtype: 'F32', shape: [1, 2], bits: stored('0') },
    bias: { dtype: 'F32', shape: [1], bits: stored('1') },
  });
  assert.deepEqual(extras, {});
});

test('programs of torch.export, with a list of weights or a state dict in them', async () => {
  const state = {
    'net.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3, 0.5, NaN, 6) },
    'net.bias': { shape: [], data: Float32Array.of(7) },
  };
  const archive = exportedArchive(state);
  const opened = await openTensorFile(put(folder, 'listed.pt2', archive));
  for (const [name, tensor] of Object.entries(state)) assert.deepEqual(await opened.read(name), tensor);
  assert.deepEqual([...opened.tensors.keys()], Object.keys(state));
  await opened.close();

  const nested = {
    version: Buffer.from('5'),
    'serialized_state_dict.pt': readFileSync(fixture('net.protocol2.pt')),
  };
  const whole = await contentOf(put(folder, 'nested.pt2', zipSync(nested, { level: 0 })));
  assert.deepEqual(whole, await contentOf(fixture('net.protocol2.pt')));

  const changed = (from: string, to: string): Uint8Array => {
    const entries = unzipSync(archive);
    const config = 'm/data/weights/model_weights_config.json';
    const text = Buffer.from(entries[config]!).toString();
    assert.ok(text.includes(from));
    return zipSync({ ...entries, [config]: Buffer.from(text.replace(from, to)) }, { level: 0 });
  };
  for (const [from, to, says] of [
    ['"as_int":3', '"as_int":4', /reaches beyond its storage/],
    ['"as_int":3', '"as_int":9007199254740992', /no valid shape/],
    ['weight_1', '../weight_1', /reaches beyond its storage/],
    ['"dtype":7', '"dtype":99', /"net\.weight" is not described as known/],
    ['"use_pickle":false', '"use_pickle":true', /"net\.weight" is not described as known/],
    ['{"config"', '{"conf', /not JSON/],
  ] as const)
    await refused(put(folder, 'hostile.pt2', changed(from, to)), says);
  const loop = zipSync({ 'serialized_state_dict.pt': zipSync(nested, { level: 0 }) }, { level: 0 });
  await refused(put(folder, 'loop.pt2', loop), /program of torch\.export|without the data\.pkl/);
});

test('what is not a state dict is refused, and it is told how to save it again', async () => {
  await refused(
    fixture('module.pt'),
    /a whole Python object, mynet\.Net/,
    /torch\.load\("module\.pt".*save_model\(model, "model\.safetensors"\).*torch\.save\(model\.state_dict\(\), "model\.pt"\)/,
  );
  await refused(fixture('pickle.pkl'), /holds no tensors/);
  await refused(
    fixture('no-tensors.pt'),
    /holds no tensors/,
    /torch\.save\(model\.state_dict\(\), "model\.pt"\)/,
  );
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  await refused(
    put(folder, 'old.tar', tar),
    /tar format of PyTorch before 0\.4/,
    // torch.load refuses this format with weights_only=True.
    /torch\.save\(torch\.load\("old\.tar", .*weights_only=False\), "model\.pt"\)/,
  );
});

test('other files', async () => {
  await refused(path.join(folder, 'missing.pt'), /no such file/);
  await refused(folder, /is a folder/);
  await refused(put(folder, 'empty.pt', ''), /is empty/);
  // The empty zip file.
  const empty = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);
  await refused(put(folder, 'zip.pt', empty), /without the data\.pkl of a PyTorch checkpoint/);
  const whole = readFileSync(fixture('net.protocol2.pt'));
  await refused(put(folder, 'cut.pt', whole.subarray(0, whole.length - 300)), /damaged or cut off/);
});

test('a flipped bit in the values is noticed', async () => {
  const bytes = readFileSync(fixture('net.protocol2.pt'));
  const values = await contentOf(fixture('net.safetensors'));
  const at = bytes.indexOf(Buffer.from(values.tensors['linear.weight']!.bits, 'hex'));
  assert.ok(at > 0);
  bytes[at]! ^= 1;
  const opened = await openTensorFile(put(folder, 'flipped.pt', bytes));
  await assert.rejects(opened.read('linear.weight'), /tensor "linear\.weight": its bytes are damaged/);
  await opened.read('linear.bias');
  await opened.close();
});
