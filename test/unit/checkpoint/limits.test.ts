/** Small files that stand for far more than they hold, pipes, and files that are too large: refused in words and at once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { UserError } from '../../../src/base/user-error';
import { loadAnyCheckpoint } from '../../../src/checkpoint/import/load';
import { createMetricsTail } from '../../../src/checkpoint/metrics-tail';
import { listCheckpoints, runPaths } from '../../../src/checkpoint/run-folder';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { encodeNpy, readNpy } from '../../../src/data/npy';
import { readOnnx } from '../../../src/engine/onnx-file/read';
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
