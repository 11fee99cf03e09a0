import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { UserError } from '../../../src/base/user-error';
import { openIdxImages } from '../../../src/data/idx';
import { createResources } from '../../../src/data/dataset';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const root = temporaryFolder();
const readIdxImages = (source: string) => openIdxImages(source, createResources(Infinity));
let folders = 0;
const folder = () => path.join(root, String(folders++));

function idx(shape: number[], data: ArrayLike<number>, type = 8): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, type, shape.length]);
  shape.forEach((size, i) => head.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([head, Uint8Array.from(data)]);
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

test('images and their labels, plain or packed', async () => {
  for (const pack of [(bytes: Buffer): Uint8Array => bytes, (bytes: Buffer): Uint8Array => gzipSync(bytes)]) {
    const here = folder();
    const end = pack(Buffer.alloc(1)).length > 1 ? '.gz' : '';
    const file = put(here, `train-images-idx3-ubyte${end}`, pack(idx([3, 2, 2], range(12))));
    put(here, `train-labels-idx1-ubyte${end}`, pack(idx([3], [7, 8, 9])));
    for (const source of [file, here]) {
      const { shape, train, test } = await readIdxImages(source);
      assert.deepEqual(shape, [2, 2, 1]);
      assert.deepEqual(await valuesOf(train), range(12));
      assert.deepEqual(labelsOf(train), [7, 8, 9]);
      assert.equal(test, undefined);
    }
  }
});

test('the published test file is found, under either name, packed or not', async () => {
  for (const name of ['t10k-images-idx3-ubyte', 'test-images-idx3-ubyte.gz', 't10k-images-idx3-ubyte.gz']) {
    const here = folder();
    put(here, 'train-images-idx3-ubyte', idx([2, 1, 2], range(4)));
    const bytes = idx([1, 1, 2], [5, 6]);
    put(here, name, name.endsWith('.gz') ? gzipSync(bytes) : bytes);
    const { test } = await readIdxImages(here);
    assert.deepEqual(await valuesOf(test!), [5, 6]);
    assert.equal(test!.labels, undefined);
  }
});

test('dotted names and color images', async () => {
  const here = folder();
  put(here, 'train-images.idx3-ubyte', idx([1, 2, 1, 3], range(6)));
  put(here, 'train-labels.idx1-ubyte', idx([1], [4]));
  const { shape, train } = await readIdxImages(here);
  assert.deepEqual(shape, [2, 1, 3]);
  assert.deepEqual(labelsOf(train), [4]);
});

async function refused(files: Record<string, Uint8Array>, expected: RegExp, source = ''): Promise<void> {
  const here = folder();
  put(here, 'readme', '');
  for (const [name, bytes] of Object.entries(files)) put(here, name, bytes);
  await assert.rejects(readIdxImages(path.join(here, source)), (error: Error) => {
    assert.ok(error instanceof UserError, String(error.stack));
    assert.match(error.message, expected);
    return true;
  });
}

test('what is wrong is named', async () => {
  const name = 'train-images-idx3-ubyte';
  await refused({ [name]: new Uint8Array(0) }, /is empty; expected an IDX file/);
  await refused(
    { [name]: Buffer.from('\x89PNG----', 'latin1') },
    /it starts with 89 50 4e 47; expected 00 00 08 03/,
  );
  await refused({ [name]: idx([1, 2, 2], range(16), 0x0d) }, /values of type float; expected unsigned bytes/);
  await refused({ [name]: idx([2, 2, 2], range(8)).subarray(0, 9) }, /cut off within its header/);
  await refused(
    { [name]: idx([2, 2, 2], range(7)) },
    /is cut off: its header promises 2 × 2 × 2 = 8 bytes of data, but 7 are present/,
  );
  await refused({ [name]: idx([2, 2, 2], range(9)) }, /has bytes left over/);
  await refused({ [name]: idx([0, 2, 2], []) }, /holds no pixels \(0 × 2 × 2\)/);
  await refused({ [name]: idx([2, 2], range(4)) }, /has the shape 2 × 2; expected images/);
  await refused({ [name]: gzipSync(idx([2, 2, 2], range(8))).subarray(0, 20) }, /gzip data are damaged/);
  await refused(
    { [name]: idx([2, 2, 2], range(8)), 'train-labels-idx1-ubyte': idx([3], range(3)) },
    /train-labels-idx1-ubyte: holds 3 labels; expected 2/,
  );
  await refused(
    { [name]: idx([2, 2, 2], range(8)), 't10k-images-idx3-ubyte': idx([1, 3, 2], range(6)) },
    /t10k-images-idx3-ubyte: images are 3 × 2 × 1; expected 2 × 2 × 1/,
  );
  await refused(
    { 'train-labels-idx1-ubyte': idx([3], range(3)) },
    /contains labels; expected images/,
    'train-labels-idx1-ubyte',
  );
  await refused({}, /no image data found; expected IDX files/);
  await refused(
    { 'a-train-images-idx3-ubyte': idx([1, 1, 1], [0]), 'b-train-images-idx3-ubyte': idx([1, 1, 1], [0]) },
    /several sets of images/,
  );
  await refused({}, /no such file/, 'nothing');
});

test('any bytes give images of the promised size or a UserError', async () => {
  const header = fc
    .tuple(fc.constantFrom(0, 1), fc.constant(0), fc.constantFrom(8, 9, 3), fc.nat(5))
    .map((a) => Uint8Array.from(a));
  const sizes = fc.array(fc.nat(3), { maxLength: 5 }).map((all) => idx(all, []).subarray(4));
  const tails = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(sizes, fc.uint8Array({ maxLength: 9 })).map((parts) => Buffer.concat(parts)),
  );
  const here = folder();
  await fc.assert(
    fc.asyncProperty(header, tails, async (head, tail) => {
      try {
        const { shape, train } = await readIdxImages(put(here, 'f', Buffer.concat([head, tail])));
        const size = shape.reduce((a, b) => a * b, 1);
        assert.equal((await valuesOf(train)).length, train.count * size);
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      }
    }),
  );
});
