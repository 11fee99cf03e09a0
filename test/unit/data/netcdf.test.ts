/** Draws that ArviZ wrote (test/fixtures/data/make_posterior.py), against what ArviZ reads from the same files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { parseDataConfig } from '../../../src/config/parse';
import { UserError } from '../../../src/base/user-error';
import { createResources } from '../../../src/data/dataset';
import { readNetcdf } from '../../../src/data/netcdf';
import { openDataset } from '../../../src/data/open/open';
import { previewData } from '../../../src/data/open/preview';
import { tableOverview } from '../../../src/data/open/table-overview';
import { valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const fixture = (name: string) => path.resolve('test', 'fixtures', 'data', name);
const expected = JSON.parse(readFileSync(fixture('posterior.json'), 'utf8')) as Record<
  string,
  Record<string, (number | null)[]>
>;
const packed = readFileSync(fixture('posterior.nc'));
const read = (file: string, options: Parameters<typeof readNetcdf>[1] = {}) =>
  readNetcdf(file, options, createResources(2 ** 20));

async function refused(file: string, words: RegExp, options = {}): Promise<void> {
  await assert.rejects(read(file, options), (error: Error) => {
    assert.ok(error instanceof UserError, String(error.stack));
    assert.match(error.message, words);
    return true;
  });
}

test('names, their order and numbers are those of ArviZ: zlib, shuffled and bare, in all types', async () => {
  for (const [name, columns] of Object.entries(expected)) {
    // A gap stays NaN.
    const { all, featureNames, total } = await read(fixture(`${name}.nc`), { missing: 'mean' });
    assert.deepEqual(featureNames, Object.keys(columns));
    assert.deepEqual([all.count, total], [10, 10]);
    // ArviZ reads the same bits in double precision, so only the rounding to single precision is between them.
    const rows = Array.from({ length: 10 }, (_, row) =>
      Object.values(columns).map((column) => Math.fround(column[row] ?? NaN)),
    );
    assert.deepEqual(await valuesOf(all), rows.flat(), name);
  }
});

test('columns are chosen and gaps treated as in other tables', async () => {
  const { all, featureNames } = await read(fixture('posterior.nc'), { columns: ['theta[Åre]', 0] });
  assert.deepEqual(featureNames, ['theta[Åre]', 'tau']);
  assert.equal((await valuesOf(all))[1], Math.fround(expected.posterior!.tau![0]!));
  await refused(fixture('posterior.nc'), /no column "mu"; it has 5 columns: tau, theta\[Deer.*count/, {
    columns: ['mu'],
  });
  await refused(fixture('prior-shuffled.nc'), /row 7, column "holes": .*got NaN/);
  await refused(fixture('posterior-wide.nc'), /row 1, column "x3": .*got NaN/);
  const { all: rest, gaps } = await read(fixture('prior-shuffled.nc'), { missing: 'drop' });
  assert.deepEqual([rest.count, gaps.rows, gaps.columns], [9, 1, [0, 1]]);
  const classes = await read(fixture('posterior.nc'), { labelColumn: 'count' });
  assert.deepEqual(
    classes.labelNames,
    [...new Set(expected.posterior!.count)].sort((a, b) => a! - b!).map(String),
  );
  const first = await read(fixture('posterior.nc'), { mostRows: 3 });
  assert.deepEqual([first.all.count, first.total], [3, 10]);
});

test('is told by its name or its first bytes, split, looked at and described', async () => {
  const other = put(folder, 'draws.h5', packed);
  for (const source of [fixture('posterior.nc'), other]) {
    const data = await openDataset(parseDataConfig({ source, validation: 0.2 }, source), '/');
    assert.deepEqual([data.train.count, data.validation.count, data.shape], [8, 2, [5]]);
    await data.close();
  }
  const { columns, rows, gaps } = (await tableOverview(fixture('prior-shuffled.nc'), '/'))!;
  assert.deepEqual(
    [rows, columns.map(({ name }) => name), gaps],
    [10, ['count', 'holes'], [{ columns: [1], rows: 1 }]],
  );
  const preview = await previewData(fixture('posterior.nc'), '/');
  assert.deepEqual(
    preview.features!.map(({ name }) => name),
    Object.keys(expected.posterior!),
  );
});

test('what is not read is named', async () => {
  await refused(put(folder, 'old.nc', 'CDF\x01\0\0\0\0'), /is no netCDF-4 file, and netCDF-3 is not read/);
  await refused(put(folder, 'text.nc', 'a,b\n1,2\n'), /is no netCDF-4 file/);
  await refused(put(folder, 'empty.nc', ''), /is no netCDF-4 file/);
  await refused(put(folder, 'cut.nc', packed.subarray(0, 9000)), /is damaged, or an HDF5 file/);
  const keras = path.resolve('test', 'fixtures', 'wild', 'keras-realnvp-moons', 'realnvp.weights.h5');
  await refused(keras, /has no dimensions, or more attributes than are read/);
  await refused(renamed('draw', 'step'), /has no variables whose first dimensions are chain and draw/);
  await refused(
    patched('deflate\0', (bytes, at) => bytes.writeUInt16LE(32001, at - 8)),
    /HDF5 filter 32001; expected zlib/,
  );
});

test('what a part unpacks to, and how many there are, is bounded by what the file says of them', async () => {
  const bomb = deflateSync(Buffer.alloc(2 ** 26));
  const put64 = (bytes: Buffer, at: number, value: number) => bytes.writeBigUInt64LE(BigInt(value), at);
  const inflated = patched('TREE\x01', (bytes, at) => {
    // A key of two or three axes is followed by the address of the part.
    for (const axes of [2, 3]) {
      if (bytes.readBigUInt64LE(at + 24 + 16 + 8 * axes) > BigInt(packed.length)) continue;
      bytes.writeUInt32LE(bomb.length, at + 24);
      put64(bytes, at + 24 + 16 + 8 * axes, packed.length);
    }
  });
  await refused(
    put(folder, 'bomb.nc', Buffer.concat([readFileSync(inflated), bomb])),
    /is damaged, or an HDF5 file/,
    { columns: ['tau'] },
  );
  const circle = patched('TREE\x01', (bytes, at) => {
    bytes.writeUInt8(1, at + 5);
    put64(bytes, at + 24 + 32, at);
  });
  await refused(circle, /is damaged, or an HDF5 file/, { columns: ['tau'] });
  // Two chains of five draws, in a dataspace.
  const shape = '\x02\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0';
  // The second of two variables is too many, or the rows alone are; what was never written is a gap.
  for (const draws of [2 ** 22 + 1, 2 ** 31]) {
    const large = patched(shape, (bytes, at) => put64(bytes, at + 8, draws));
    await refused(large, /holds more than 16777216 numbers in the variables that are read/, {
      columns: ['tau', 'count'],
      missing: 'mean',
    });
  }
  const many = patched('TREE\x01', (bytes, at) => bytes.writeUInt16LE(9, at + 6));
  await refused(many, /posterior\/tau has more than 1 chunks/, { columns: ['tau'] });
});

test('any damage gives rows or a UserError', async () => {
  const byte = fc.tuple(fc.nat(packed.length - 1), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(byte, { minLength: 1, maxLength: 20 }), async (changes) => {
      const bytes = Buffer.from(packed);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const { all, featureNames } = await read(put(folder, 'damaged.nc', bytes), { missing: 'drop' });
        assert.ok(all.count <= 2 ** 20 && featureNames.length > 0);
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      }
    }),
    { numRuns: 150 },
  );
});

/** The packed fixture with a change at each place where a text stands. */
function patched(text: string, change: (bytes: Buffer, at: number) => void): string {
  const bytes = Buffer.from(packed);
  const mark = Buffer.from(text, 'latin1');
  let found = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1), found++) change(bytes, at);
  assert.ok(found > 0);
  return put(folder, 'patched.nc', bytes);
}

const renamed = (from: string, to: string): string =>
  patched(from, (bytes, at) => bytes.write(to, at, 'latin1'));
