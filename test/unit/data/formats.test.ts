/** Files that NumPy, PyArrow, Pillow and published archives write, and what is told from a path. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { pack } from 'tar-stream';
import { parseDataConfig } from '../../../src/config/parse';
import { UserError } from '../../../src/base/user-error';
import { encodeNpy } from '../../../src/data/npy';
import { openDataset } from '../../../src/data/open/open';
import { readParquet } from '../../../src/data/parquet';
import { createResources } from '../../../src/data/dataset';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const fixtures = path.resolve('test', 'fixtures', 'data');
const fixture = (name: string) => path.join(fixtures, name);
const open = (config: object) => openDataset(parseDataConfig(config, 'test'), folder);
const all = { validation: 0 };

async function refused(config: object, expected: RegExp): Promise<void> {
  await assert.rejects(open(config), (error: Error) => {
    assert.ok(error instanceof UserError, String(error.stack));
    assert.match(error.message, expected);
    return true;
  });
}

/** In the order of the file. */
async function sorted(source: string, config: object = {}) {
  const { train, ...dataset } = await open({ source, ...all, ...config });
  const blocks: number[] = [];
  for await (const block of train.scan()) blocks.push(...block);
  await dataset.close();
  return { ...dataset, train, values: blocks };
}

test('Parquet as PyArrow writes it, in every compression, by row groups', async () => {
  for (const packing of ['snappy', 'zstd', 'gzip', 'brotli', 'lz4', 'none']) {
    for (const memory of [0, 1]) {
      const resources = createResources(memory * 2 ** 20);
      const {
        all: rows,
        featureNames,
        labelNames,
      } = await readParquet(
        fixture(`table-${packing}.parquet`),
        { columns: ['f', 'x', 1], labelColumn: 'species' },
        resources,
      );
      assert.deepEqual(featureNames, ['f', 'x', 'k']);
      assert.deepEqual(labelNames, ['setosa', 'versicolor', 'virginica']);
      assert.equal(rows.count, 60);
      const expected = Array.from({ length: 60 }, (_, i) => [((-1) ** i * i) / 8, i / 2, i * i]).flat();
      assert.deepEqual(await valuesOf(rows), expected.map(Math.fround), packing);
      assert.deepEqual(labelsOf(rows).slice(0, 4), [0, 2, 1, 0]);
      await resources.close();
    }
  }
  const flags = await sorted(fixture('table-zstd.parquet'), { columns: ['flag', 'x'] });
  assert.deepEqual(flags.values.slice(0, 6), [1, 0, 0, 0.5, 0, 1]);
});

test('what a Parquet file lacks is named', async () => {
  await refused({ source: fixture('table-zstd.parquet') }, /column "species" holds UTF8.*data\.labelColumn/);
  await refused({ source: fixture('missing.parquet') }, /row 1, column "a": the value is missing/);
  await refused({ source: fixture('nested.parquet') }, /column "a" holds nested values/);
  await refused(
    { source: fixture('table-zstd.parquet'), columns: ['z'] },
    /no column "z"; it has 5 columns: x, k/,
  );
  put(folder, 'cut.parquet', readFileSync(fixture('table-zstd.parquet')).subarray(0, 3000));
  await refused({ source: 'cut.parquet' }, /cut\.parquet: is not a readable Parquet file/);
  put(folder, 'empty.parquet', '');
  await refused({ source: 'empty.parquet' }, /empty\.parquet: is not a readable Parquet file/);
});

test('any damage to a Parquet file gives rows or a UserError', async () => {
  const good = readFileSync(fixture('table-snappy.parquet'));
  const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(edits, async (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      const file = put(folder, 'damaged.parquet', bytes);
      const resources = createResources(Infinity);
      try {
        const { all: rows } = await readParquet(file, { labelColumn: 'species' }, resources);
        assert.ok((await valuesOf(rows)).every(Number.isFinite));
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      } finally {
        await resources.close();
      }
    }),
    { numRuns: 150 },
  );
});

test('NumPy rows of any type and order', async () => {
  const expected = Array.from({ length: 24 }, (_, i) => i / 8);
  for (const name of ['f8', 'fortran', 'big', 'half']) {
    assert.deepEqual((await sorted(fixture(`rows-${name}.npy`))).values, expected, name);
  }
  const whole = await sorted(fixture('rows-i8.npy'));
  assert.deepEqual(
    whole.values,
    expected.map((value) => 8 * value),
  );
  assert.deepEqual(whole.shape, [4]);
  await refused({ source: fixture('rows-fortran.npy'), memory: 0 }, /column by column.*ascontiguousarray/);
});

test('archives of NumPy arrays: what to train on, to hold out and the classes are told by names', async () => {
  for (const name of ['images.npz', 'images-packed.npz']) {
    for (const memory of [0, 1]) {
      const dataset = await open({ source: fixture(name), memory });
      assert.deepEqual([dataset.train.count, dataset.validation.count], [7, 3]);
      assert.deepEqual([dataset.shape, dataset.levels], [[3, 2, 3], 256]);
      assert.deepEqual(
        await valuesOf(dataset.train),
        Array.from({ length: 126 }, (_, i) => i),
      );
      assert.deepEqual(labelsOf(dataset.train), [0, 1, 2, 0, 1, 2, 0]);
      assert.deepEqual(labelsOf(dataset.validation), [0, 1, 2]);
      await dataset.close();
    }
  }
  const chosen = await open({ source: fixture('images.npz'), array: 'x_test', validation: 1 });
  assert.deepEqual([chosen.train.count, chosen.validation.count], [2, 1]);
  await refused({ source: fixture('images.npz'), array: 'z' }, /no array "z"; it has x_train, y_train/);
  await refused({ source: fixture('rows-f8.npy'), array: 'z' }, /is a single array/);
});

test('arrays that are no data say what would be', async () => {
  const save = (name: string, shape: number[], data: Float32Array | Uint8Array) =>
    put(folder, name, encodeNpy({ shape, data }));
  save('line.npy', [6], new Float32Array(6));
  await refused({ source: 'line.npy' }, /has the shape \(6\); expected rows of numbers \(N, D\)/);
  save('float-images.npy', [2, 3, 3], new Float32Array(18));
  await refused({ source: 'float-images.npy' }, /values of float32; expected bytes from 0 to 255.*uint8/);
  save('none.npy', [0, 3], new Float32Array(0));
  await refused({ source: 'none.npy' }, /holds no values/);
  save('channels-first.npy', [2, 3, 4, 20], new Uint8Array(480));
  await refused({ source: 'channels-first.npy' }, /at most 16 channels, in the last axis.*transpose/);
  put(
    folder,
    'two.npz',
    zipSync({
      'a.npy': encodeNpy({ shape: [2, 2], data: new Float32Array(4) }),
      'b.npy': encodeNpy({ shape: [2, 2], data: new Float32Array(4) }),
    }),
  );
  await refused({ source: 'two.npz' }, /holds 2 arrays \(a, b\); name one in data\.array/);
  put(folder, 'cut.npz', readFileSync(fixture('images.npz')).subarray(0, 700));
  await refused({ source: 'cut.npz' }, /damaged or cut off/);
});

/** Records of CIFAR, with the class and a picture whose red, green and blue planes tell their places. */
function cifar(labels: readonly number[], labelBytes = 1): Buffer {
  return Buffer.concat(
    labels.map((label) =>
      Buffer.concat([
        Buffer.from([7, label].slice(2 - labelBytes)),
        Buffer.from(Array.from({ length: 3072 }, (_, i) => (i >> 10) * 80 + (i % 64))),
      ]),
    ),
  );
}

async function tar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('CIFAR-10 and CIFAR-100: folders, the published archive, single files', async () => {
  const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
  const files = {
    'data_batch_1.bin': cifar([3, 1]),
    'data_batch_2.bin': cifar([9, 0, 5]),
    'test_batch.bin': cifar([4, 2]),
    'batches.meta.txt': `${names.join('\n')}\n\n`,
  };
  for (const [name, content] of Object.entries(files))
    put(folder, `ten/cifar-10-batches-bin/${name}`, content);
  put(
    folder,
    'cifar-10-binary.tar.gz',
    gzipSync(
      await tar(Object.fromEntries(Object.entries(files).map(([k, v]) => [`cifar-10-batches-bin/${k}`, v]))),
    ),
  );
  for (const source of ['ten', 'ten/cifar-10-batches-bin', 'cifar-10-binary.tar.gz']) {
    const { train, validation, labelNames, shape, close } = await open({ source });
    assert.deepEqual(shape, [32, 32, 3]);
    assert.deepEqual(labelsOf(train), [3, 1, 9, 0, 5]);
    assert.deepEqual(labelsOf(validation), [4, 2]);
    assert.deepEqual(labelNames, names);
    const [, , , , , , r, g, b] = await train.read([1]);
    assert.deepEqual([r, g, b], [2, 82, 162], 'planes become channels');
    await close();
  }
  assert.equal((await open({ source: 'ten', validation: 1 })).validation.count, 1);
  const single = await open({ source: 'ten/cifar-10-batches-bin/data_batch_2.bin', validation: 1 });
  assert.deepEqual([single.train.count, single.validation.count], [2, 1]);
  put(folder, 'hundred/train.bin', cifar([99, 5], 2));
  put(folder, 'hundred/test.bin', cifar([42], 2));
  const hundred = await open({ source: 'hundred' });
  assert.deepEqual(labelsOf(hundred.train), [99, 5]);
  assert.equal(hundred.labelNames?.length, 100);
});

test('what is no CIFAR is told', async () => {
  put(folder, 'cut/data_batch_1.bin', cifar([1, 2]).subarray(0, 5000));
  await refused(
    { source: 'cut' },
    /data_batch_1\.bin: has 5000 bytes; CIFAR-10 has 3073.*1927 are left over/,
  );
  put(folder, 'wrong/data_batch_1.bin', cifar([1, 77]));
  const wrong = await open({ source: 'wrong', validation: 0 });
  await assert.rejects(valuesOf(wrong.train), { name: 'UserError', message: /image 1 has the class 77/ });
  put(folder, 'python.tar.gz', gzipSync(await tar({ 'cifar-10-batches-py/data_batch_1': 'x' })));
  await refused({ source: 'python.tar.gz' }, /Python version of CIFAR.*binary version/);
  put(folder, 'other.tar', await tar({ 'readme.txt': 'x' }));
  await refused({ source: 'other.tar' }, /holds no CIFAR images/);
  put(folder, 'broken.tar.gz', gzipSync(Buffer.alloc(4000, 1)));
  await refused({ source: 'broken.tar.gz' }, /not a readable tar archive/);
});

test('names in a tar archive are bounded, each and together', async () => {
  for (const type of ['x', 'g', 'L']) {
    const header = Buffer.alloc(512);
    header.write('long');
    header.write('77777777777 ', 124);
    header.fill(' ', 148, 156);
    header.write(type, 156);
    header.write('ustar', 257);
    header.write('00', 263);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(sum.toString(8).padStart(6, '0'), 148);
    header.writeUInt8(0, 154);
    put(folder, 'endless.tar', Buffer.concat([header, Buffer.alloc(2 ** 20)]));
    await refused({ source: 'endless.tar' }, /not a readable tar archive \(Header exceeds max size\)/);
  }
  const name = 'n'.repeat(2 ** 19);
  const names = await tar(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${name}${i}`, ''])));
  put(folder, 'names.tar.gz', gzipSync(names));
  await refused({ source: 'names.tar.gz' }, /the names in it are too long/);
});

test('other data are held out, with their classes under the same numbers', async () => {
  put(folder, 'one.csv', 'x,y,c\n1,2,b\n3,4,a\n5,6,b\n');
  put(folder, 'other.csv', 'x,y,c\n7,8,c\n9,10,b\n11,12,a\n');
  const both = await open({ source: 'one.csv', validationSource: 'other.csv', labelColumn: 'c' });
  assert.deepEqual([both.train.count, both.validation.count], [3, 3]);
  assert.deepEqual(both.labelNames, ['a', 'b', 'c']);
  assert.deepEqual(labelsOf(both.validation), [2, 1, 0]);
  assert.equal(both.provenance.validationSource, path.join(folder, 'other.csv'));
  const two = await open({
    source: 'one.csv',
    validationSource: 'other.csv',
    labelColumn: 'c',
    validation: 2,
  });
  assert.equal(two.validation.count, 2);
  put(folder, 'wide.csv', '1,2,3\n4,5,6\n');
  await refused(
    { source: 'wide.csv', validationSource: 'one.csv', labelColumn: undefined, columns: [0, 1, 2] },
    /one\.csv/,
  );
  await refused({ source: 'wide.csv', validationSource: 'none.csv' }, /none\.csv: no such file/);
});

test('MNIST: all training images, and 2,000 of the test file', async () => {
  const images = (count: number) =>
    Buffer.concat([
      Buffer.from([0, 0, 8, 3, 0, 0, count >> 8, count & 255, 0, 0, 0, 2, 0, 0, 0, 2]),
      Buffer.alloc(4 * count, 9),
    ]);
  put(folder, 'mnist/train-images-idx3-ubyte.gz', gzipSync(images(6000)));
  put(folder, 'elsewhere/t10k-images-idx3-ubyte', images(3000));
  const { train, validation } = await open({
    source: 'mnist/train-images-idx3-ubyte.gz',
    validationSource: 'elsewhere/t10k-images-idx3-ubyte',
    validation: 2000,
  });
  assert.deepEqual([train.count, validation.count], [6000, 2000]);
});

test(
  'links in circles and links that lead nowhere do not hang a folder',
  { skip: process.platform === 'win32' },
  async () => {
    const here = path.join(folder, 'rings');
    mkdirSync(path.join(here, 'a', 'deep'), { recursive: true });
    cpSync(fixture('ramp.png'), path.join(here, 'a', 'deep', 'one.png'));
    symlinkSync(here, path.join(here, 'a', 'deep', 'back'));
    symlinkSync(path.join(here, 'nowhere'), path.join(here, 'lost.png'));
    cpSync(fixture('ramp.png'), path.join(here, 'a', 'two.png'));
    assert.equal((await open({ source: 'rings', ...all })).train.count, 2);
  },
);

test('any bytes under any name give data or a UserError', async () => {
  const starts = [
    '',
    '\x93NUMPY\x01\x00',
    'PK\x03\x04',
    'PAR1',
    '\x1f\x8b\x08\x00',
    '\x00\x00\x08\x03',
    '\x00\x00\x08\x01',
  ];
  const names = [
    'a.npy',
    'a.npz',
    'a.parquet',
    'a.zip',
    'a.csv',
    'a.bin',
    'data_batch_1.bin',
    'a.tar.gz',
    'a-idx3',
    'a',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...starts),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...names),
      async (start, tail, name) => {
        put(folder, name, Buffer.concat([Buffer.from(start, 'latin1'), tail]));
        try {
          const dataset = await open({ source: name });
          await valuesOf(dataset.train);
          await dataset.close();
        } catch (error) {
          assert.ok(error instanceof UserError, `${name}: ${(error as Error).stack}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});
