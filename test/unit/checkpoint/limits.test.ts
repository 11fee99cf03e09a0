/** Small files that stand for far more than they hold, pipes, and files that are too large: refused in words and at once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import * as v from 'valibot';
import { UserError } from '../../../src/base/user-error';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { createMetricsTail } from '../../../src/checkpoint/metrics-tail';
import { listCheckpoints, runPaths } from '../../../src/checkpoint/run-folder';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { encodeNpy, readNpy } from '../../../src/data/npy';
import { modelSchema } from '../../../src/config/schema';
import { targetsOf } from '../../../src/engine/model/convert';
import { readOnnx } from '../../../src/engine/onnx-file/read';
import { describeModel } from '../../../src/engine/open/describe-model';
import { explainModel } from '../../../src/engine/open/explain-model';
import { buildFlow } from '../../../src/flow/flow';
import * as op from '../support/pickle';
import { processorTime } from '../support/processor-time';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

async function refused(work: Promise<unknown>, words: RegExp): Promise<void> {
  const started = processorTime();
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, words);
    return true;
  });
  assert.ok(processorTime() - started < 5000, 'takes long');
}

function pipe(...place: string[]): string {
  const file = path.join(folder, ...place);
  mkdirSync(path.dirname(file), { recursive: true });
  assert.equal(spawnSync('mkfifo', [file]).status, 0);
  return file;
}

test('pipes in the place of files are not waited for', { skip: process.platform === 'win32' }, async () => {
  const best = pipe('run', 'checkpoints', 'best.flow.safetensors');
  pipe('run', 'checkpoints', 'step-00000001.flow.safetensors');
  put(folder, 'run/config.json', '{}');
  await refused(loadAnyCheckpoint(path.join(folder, 'run')), /best\.flow\.safetensors: is a pipe/);
  assert.deepEqual(await listCheckpoints(runPaths(path.join(folder, 'run'))), []);
  pipe('run', 'metrics.jsonl');
  const tail = createMetricsTail(path.join(folder, 'run', 'metrics.jsonl'));
  await tail.refresh();
  assert.equal(tail.rows, 0);
  await refused(openTensorFile(best), /is a pipe/);
  await refused(readOnnx(best), /is a pipe/);
  const array = encodeNpy({ shape: [2], data: new Float32Array(2) });
  const eqx = put(folder, 'beside/flow.eqx', Buffer.concat([array, array]));
  pipe('beside', 'flow_kwargs.json');
  await refused(openTensorFile(eqx), /flow_kwargs\.json: is a pipe/);
});

test('files beyond what is read at once', async () => {
  const starts = {
    'large.h5': Buffer.from('894844460d0a1a0a', 'hex'),
    'large.eqx': Buffer.from(encodeNpy({ shape: [2], data: new Float32Array(2) })),
  };
  for (const [name, start] of Object.entries(starts)) {
    const file = put(folder, name, start);
    truncateSync(file, 3_000_000_000);
    await refused(openTensorFile(file), /larger than 2 GiB/);
  }
});

test('a header of an array that is longer than a text can be', async () => {
  const start = Buffer.from('\x93NUMPY\x02\x00', 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(700_000_000);
  const file = put(folder, 'header.npy', Buffer.concat([start, length]));
  truncateSync(file, 700_000_100);
  await refused(readNpy(file), /a header of 700000000 bytes/);
});

test('configs of Keras that unpack to gigabytes, or are made of millions of lists', async () => {
  const keras = (config: Uint8Array): string =>
    put(
      folder,
      'config.keras',
      zipSync({
        'metadata.json': Buffer.from('{}'),
        'config.json': config,
        'model.weights.h5': Buffer.from('x'),
      }),
    );
  await refused(openTensorFile(keras(Buffer.alloc(2 ** 26 + 1, ' '))), /config\.json: has 67108865 bytes/);
  const lists = Buffer.from(`[${'[],'.repeat(3_000_000)}[]]`);
  await refused(openTensorFile(keras(lists)), /config\.json: has more than 2000000 values/);
});

const tensor = (shape: readonly number[], strides: readonly number[], length: number): op.Part[] => {
  const ints = (values: readonly number[]) => op.tuple(values.map((value) => op.number(value)));
  return [
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.tuple([
      op.storage('FloatStorage', '0', length),
      op.number(0),
      ints(shape),
      ints(strides),
      op.false,
      op.emptyDict,
    ]),
    op.reduce,
  ];
};

test('tensors that all repeat the same few values', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `w${i}`);
  const content = op.dict(
    ...names.map((name): [string, ...op.Part[]] => [name, ...tensor([4096, 4096], [0, 0], 1)]),
  );
  const bytes = zipSync({ 'x/data.pkl': op.pickle(...content), 'x/data/0': new Uint8Array(4) });
  await refused(openTensorFile(put(folder, 'repeat.pt', bytes)), /bytes together, which repeat 4 bytes/);
});

test('many tensors of one packed storage do not unpack it each', async () => {
  const length = 2 ** 22;
  const names = Array.from({ length: 1000 }, (_, i) => `w${i}`);
  const content = op.dict(
    ...names.map((name): [string, ...op.Part[]] => [name, ...tensor([2], [1], length)]),
  );
  const values = new Float32Array(length).fill(0.5);
  const bytes = zipSync({ 'x/data.pkl': op.pickle(...content), 'x/data/0': new Uint8Array(values.buffer) });
  const opened = await openTensorFile(put(folder, 'packed.pt', bytes));
  const started = processorTime();
  for (const name of names) assert.deepEqual([...(await opened.read(name)).data], [0.5, 0.5]);
  assert.ok(processorTime() - started < 3000, `${processorTime() - started} ms`);
  await opened.close();
});

/** A checkpoint of some hundred bytes. */
async function asking(model: object): Promise<string> {
  const config = JSON.stringify({ model, training: {} });
  const metadata = { format: 'flowscope', format_version: '1', config, step: '1', seconds: '1' };
  const file = path.join(folder, 'asking.flow.safetensors');
  await writeSafetensors(file, { x: { shape: [1], data: new Float32Array(1) } }, metadata);
  return file;
}

test('a config that asks for more than its file holds is refused before a flow is made of it', async () => {
  const made = { kind: 'vector', dim: 2, layer: 'autoregressive', couplings: 1000 };
  const models = [
    { ...made, hidden: Array<number>(64).fill(1000) },
    { ...made, couplings: 1, hidden: [6000, 6000] },
    { ...made, dim: 64, couplings: 30, hidden: [4096], sees: 'output' },
    { kind: 'vector', dim: 4096, couplings: 1000, hidden: Array<number>(64).fill(65536) },
    { kind: 'vector', dim: 4096, couplings: 30, between: 'lu' },
    { kind: 'image', height: 256, width: 256, architecture: 'glow', scales: 8, steps: 64, base: 65536 },
    { kind: 'image', height: 256, width: 256, channels: 4, scales: 1, base: 65536, blocks: 64 },
  ];
  const words =
    /is damaged: its config calls for at least [\d,]+ numbers, and the file holds 1 in 1 tensor\./;
  const before = process.memoryUsage.rss();
  for (const model of models) {
    const file = await asking(model);
    for (const read of [describeModel, explainModel, targetsOf]) await refused(read(file), words);
  }
  assert.ok(process.memoryUsage.rss() - before < 300 << 20, 'takes much memory');
});

test('a checkpoint without its tensors is damaged, and a config without a file has bounds too', async () => {
  const file = await asking({ kind: 'vector', dim: 2 });
  await refused(describeModel(file), /is damaged: it lacks the tensor "couplings\.0/);
  const huge = v.parse(modelSchema, { kind: 'vector', dim: 2, couplings: 1000, hidden: [4000, 4000] });
  assert.throws(() => buildFlow(huge), {
    name: 'UserError',
    message: /asks for at least 1,\d{3},\d{3},\d{3} parameters/,
  });
});

test('masks of a chain over images that differ are not made without end', async () => {
  const net = { kind: 'convolutions', kernels: [1], widths: [] };
  const layers = Array.from({ length: 40 }, (_, i) => ({
    kind: 'coupling',
    mask: Array.from({ length: 8 }, (_bit, k) => ((i + 1) >> k) & 1),
    net,
  }));
  const file = await asking({ kind: 'image', height: 1024, width: 1024, channels: 8, layers });
  await refused(
    describeModel(file),
    /model\.layers\.8\.mask: expected at most 67108864 values in masks that differ/,
  );
});
