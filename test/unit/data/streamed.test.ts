/** Data that are read from files give what data in memory give, to the last bit. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseDataConfig } from '../../../src/config/parse';
import { indexRange, type Dataset } from '../../../src/data/dataset';
import { encodeNpy } from '../../../src/data/npy';
import { openDataset } from '../../../src/data/open/open';
import { stream } from '../../../src/data/random';
import { fitStandardization } from '../../../src/data/standardize';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const open = (config: object) => openDataset(parseDataConfig(config, 'test'), folder);

const images = Uint8Array.from({ length: 500 * 12 }, (_, i) => (i * 7919) % 251);
const numbers = stream(3, 'rows').normal(400 * 3);
const csv = `a,b,c,class\n${Array.from(
  { length: 400 },
  (_, i) => `${[...numbers.subarray(3 * i, 3 * i + 3)].join(',')},${['no', 'yes'][i % 2]}`,
).join('\n')}\n`;

function idx(shape: number[], data: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => head.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([head, data]);
}

put(folder, 'images.npy', encodeNpy({ shape: [500, 2, 2, 3], data: images }));
put(folder, 'packed.npy', gzipSync(encodeNpy({ shape: [500, 2, 2, 3], data: images })));
put(folder, 'rows.npy', encodeNpy({ shape: [400, 3], data: numbers }));
put(folder, 'doubles.npy', encodeNpy({ shape: [400, 3], data: Float64Array.from(numbers) }));
put(folder, 'rows.csv', csv);
put(folder, 'rows.csv.gz', gzipSync(csv));
put(folder, 'a-images-idx3-ubyte', idx([500, 3, 4], images));
put(folder, 'a-labels-idx1-ubyte', idx([500], images.subarray(0, 500)));
put(
  folder,
  'data_batch_1.bin',
  Buffer.concat(
    Array.from({ length: 20 }, (_, i) => Buffer.concat([Buffer.of(i % 10), Buffer.alloc(3072, 11 * i)])),
  ),
);

const spools = () => readdirSync(tmpdir()).filter((name) => name.startsWith('flowscope-data-'));

/** Everything that a dataset gives. */
async function contents(dataset: Dataset): Promise<unknown> {
  const { train, validation, shape, levels, featureNames, labelNames } = dataset;
  const scanned: number[] = [];
  for await (const block of train.scan()) scanned.push(...block);
  return {
    train: await valuesOf(train),
    validation: await valuesOf(validation),
    some: [...(await train.read([7, 7, 0, train.count - 1, 3]))],
    labels: labelsOf(train),
    scanned,
    shape,
    levels,
    featureNames,
    labelNames,
  };
}

for (const config of [
  { source: 'images.npy' },
  { source: 'images.npy', bits: 5 },
  { source: 'images.npy', crop: 'center', cropSize: 1 },
  { source: 'packed.npy' },
  { source: 'rows.npy', limit: 300 },
  { source: 'doubles.npy' },
  { source: 'rows.csv', labelColumn: 'class', columns: ['c', 'a'] },
  { source: 'rows.csv.gz', labelColumn: 'class' },
  { source: 'a-images-idx3-ubyte', validation: 0.5 },
  { source: 'data_batch_1.bin' },
]) {
  test(`from a file as from memory: ${JSON.stringify(config)}`, async () => {
    const inMemory = await open(config);
    const streamed = await open({ ...config, memory: 0 });
    assert.deepEqual(await contents(streamed), await contents(inMemory));
    if (inMemory.kind === 'vector') {
      assert.deepEqual(await fitStandardization(streamed.train), await fitStandardization(inMemory.train));
    }
    await inMemory.close();
    await streamed.close();
    await assert.rejects(async () => streamed.train.read([0]), 'a closed file is not read');
  });
}

test('temporary files are gone when the data are closed', async () => {
  const before = spools();
  const dataset = await open({ source: 'rows.csv', labelColumn: 'class', memory: 0 });
  if (process.platform !== 'win32') assert.deepEqual(spools(), before, 'it has no name while it is used');
  await dataset.close();
  assert.deepEqual(spools(), before);
});

test('a scan gives the training examples once each, in the order of the file', async () => {
  const rows = Float32Array.from({ length: 3000 }, (_, i) => i);
  put(folder, 'order.npy', encodeNpy({ shape: [1500, 2], data: rows }));
  const { train, validation, close } = await open({ source: 'order.npy', memory: 0 });
  const seen: number[] = [];
  for await (const block of train.scan()) for (let i = 0; i < block.length; i += 2) seen.push(block[i]! / 2);
  assert.equal(seen.length, train.count);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  const held = (await valuesOf(validation)).filter((_, i) => i % 2 === 0).map((value) => value / 2);
  assert.deepEqual(
    [...seen, ...held].sort((a, b) => a - b),
    indexRange(0, 1500),
  );
  await close();
});

test('a file that becomes shorter while it is used is an error that names it', async () => {
  const file = put(folder, 'shrinking.npy', encodeNpy({ shape: [500, 2, 2, 3], data: images }));
  const dataset = await open({ source: 'shrinking.npy', memory: 0 });
  put(folder, 'shrinking.npy', encodeNpy({ shape: [500, 2, 2, 3], data: images }).subarray(0, 1000));
  await assert.rejects(valuesOf(dataset.train), {
    name: 'UserError',
    message: /shrinking\.npy: ended unexpectedly/,
  });
  await dataset.close();
  assert.equal(path.basename(file), 'shrinking.npy');
});

test('numbers that are not finite are named when they are read', async () => {
  const rows = Float32Array.from({ length: 40 }, (_, i) => (i === 13 ? NaN : i));
  put(folder, 'holes.npy', encodeNpy({ shape: [10, 4], data: rows }));
  for (const memory of [0, 1024]) {
    const { train, close } = await open({ source: 'holes.npy', memory, validation: 0 });
    await assert.rejects(valuesOf(train), {
      name: 'UserError',
      message: /holes\.npy: row 3, column 1: expected a finite number, got NaN/,
    });
    await close();
  }
});
