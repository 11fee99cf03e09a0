import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync, type Zippable } from 'fflate';
import fc from 'fast-check';
import { UserError } from '../../../src/base/user-error';
import { encodeNpy, parseNpy, readNpy, toFloat32, type NpyData } from '../../../src/data/npy';
import { writeNpz } from '../../../src/data/npz';
import { readArray } from '../../../src/engine/use/read-array';
import { readNpz } from '../support/npz';
import { put, temporaryFolder } from '../support/temporary';
import { processorTime } from '../support/processor-time';

const folder = temporaryFolder();

/** A file as NumPy writes it, with any header. */
function npy(dict: string, data: Uint8Array, version = 1): Buffer {
  const text = `${dict}\n`;
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1'), data]);
}

const dict = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const bytesOf = (data: NpyData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

test('every type of number reads as it is', () => {
  const cases: [string, NpyData, string][] = [
    ['<f4', Float32Array.of(1.5, -2), 'float32'],
    ['<f8', Float64Array.of(0.1, 1e300), 'float64'],
    ['|i1', Int8Array.of(-1, 2), 'int8'],
    ['<i2', Int16Array.of(-300, 2), 'int16'],
    ['<i4', Int32Array.of(-70_000, 2), 'int32'],
    ['<i8', BigInt64Array.of(-(2n ** 40n), 2n), 'int64'],
    ['|u1', Uint8Array.of(255, 0), 'uint8'],
    ['<u2', Uint16Array.of(65_535, 0), 'uint16'],
    ['<u4', Uint32Array.of(4_294_967_295, 0), 'uint32'],
    ['<u8', BigUint64Array.of(2n ** 63n, 0n), 'uint64'],
    ['|b1', Uint8Array.of(1, 0), 'bool'],
  ];
  for (const [descr, data, dtype] of cases) {
    for (const version of [1, 2, 3]) {
      assert.deepEqual(parseNpy(npy(dict(descr, '(2,)'), bytesOf(data), version), 'f'), {
        shape: [2],
        dtype,
        data,
      });
    }
  }
  const half = parseNpy(
    npy(dict('<f2', '(5,)'), bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555))),
    'f',
  );
  assert.deepEqual(half.data, Float32Array.of(1, -2, 2 ** -24, Infinity, 0.333251953125));
});

test('big-endian and Fortran order', () => {
  assert.deepEqual(
    parseNpy(npy(dict('>i2', '(2,)'), Uint8Array.of(1, 0, 0, 2)), 'f').data,
    Int16Array.of(256, 2),
  );
  // [[1, 2, 3], [4, 5, 6]] by columns.
  const columns = parseNpy(
    npy(dict('<f4', '(2, 3)', 'True'), bytesOf(Float32Array.of(1, 4, 2, 5, 3, 6))),
    'f',
  );
  assert.deepEqual([...columns.data], [1, 2, 3, 4, 5, 6]);
});

test('Fortran order of any shape', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), (shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const expected = Int32Array.from({ length: size }, (_, i) => i);
      const stored = new Int32Array(size);
      for (let i = 0; i < size; i++) {
        // Row-major index to indices of the axes to column-major index.
        let rest = i;
        const index = [...shape].reverse().map((n) => [rest % n, (rest = Math.floor(rest / n))][0]!);
        index.reverse();
        let at = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) at = at * shape[axis]! + index[axis]!;
        stored[at] = i;
      }
      const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
      assert.deepEqual(parseNpy(npy(dict('<i4', tuple, 'True'), bytesOf(stored)), 'f').data, expected);
    }),
  );
});

test('scalars and empty arrays', () => {
  assert.deepEqual(parseNpy(npy(dict('<f4', '()'), bytesOf(Float32Array.of(3))), 'f').shape, []);
  assert.deepEqual(parseNpy(npy(dict('<f4', '(0, 3)'), new Uint8Array(0)), 'f').shape, [0, 3]);
});

test('what is written is read, and the data are aligned', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.float32Array({ maxLength: 50 }),
      fc.int32Array({ maxLength: 50 }),
      async (floats, integers) => {
        for (const data of [floats, integers]) {
          const bytes = encodeNpy({ shape: [data.length, 1], data });
          assert.equal((bytes.length - data.byteLength) % 64, 0);
          assert.deepEqual(parseNpy(bytes, 'f').data, data);
        }
      },
    ),
    { numRuns: 50 },
  );
  const file = path.join(folder, 'w.npy');
  await writeFile(file, encodeNpy({ shape: [2, 1, 1], data: Float32Array.of(1, 2) }));
  assert.deepEqual(await readNpy(file), { shape: [2, 1, 1], dtype: 'float32', data: Float32Array.of(1, 2) });
  // The bytes that numpy.save(numpy.array([[[1]], [[2]]], 'float32')) writes.
  assert.equal(
    readFileSync(file, 'latin1'),
    `\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 1), }`.padEnd(127) +
      '\n\x00\x00\x80\x3f\x00\x00\x00\x40',
  );
});

test('integers become floats on demand', () => {
  assert.deepEqual(
    toFloat32({ shape: [2], dtype: 'int64', data: BigInt64Array.of(-5n, 7n) }).data,
    Float32Array.of(-5, 7),
  );
});

test('more axes than arrays have are refused at once', () => {
  const started = processorTime();
  for (const [axes, version] of [
    [65, 1],
    [30_000, 2],
  ] as const) {
    const header = Buffer.from(
      `{'descr': '<f4', 'fortran_order': True, 'shape': (${'1,'.repeat(axes)}), }\n`,
    );
    const length = Buffer.alloc(version === 1 ? 2 : 4);
    length.writeUIntLE(header.length, 0, length.length);
    const bytes = Buffer.concat([
      Buffer.from('\u0093NUMPY', 'latin1'),
      Buffer.from([version, 0]),
      length,
      header,
      Buffer.alloc(4),
    ]);
    assert.throws(
      () => parseNpy(bytes, 'a.npy'),
      (error) =>
        error instanceof UserError && error.message === `a.npy: has ${axes} axes; expected at most 64.`,
    );
  }
  assert.ok(processorTime() - started < 5000);
});

test('what is wrong is named', async () => {
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is empty/],
    [Buffer.from('hello, world'), /is not a NumPy array file/],
    [
      npy(dict('<f4', '(3,)'), new Uint8Array(8)),
      /is cut off: shape \(3\) of <f4 needs 12 bytes, but 8 are present/,
    ],
    [npy(dict('<f4', '(1,)'), new Uint8Array(8)), /has bytes left over/],
    [npy(dict('<c8', '(1,)'), new Uint8Array(8)), /NumPy type <c8; expected floating-point/],
    [npy(dict('|O', '(1,)'), new Uint8Array(8)), /NumPy type \|O/],
    [npy(dict('<U4', '(1,)'), new Uint8Array(16)), /NumPy type <U4/],
    [
      npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }`, new Uint8Array(4)),
      /records with named fields/,
    ],
    [npy('{}', new Uint8Array(0)), /header cannot be read/],
    [npy(dict('<f4', '(1,)'), new Uint8Array(4)).subarray(0, 30), /cut off within its header/],
    [npy(dict('<f4', '(1,)'), new Uint8Array(4), 9), /NPY version 9/],
  ];
  for (const [bytes, expected] of wrong) {
    await assert.rejects(readNpy(put(folder, 'bad.npy', bytes)), (error: Error) => {
      assert.ok(error instanceof UserError, String(error.stack));
      assert.match(error.message, expected);
      return true;
    });
  }
});

test('damaged files give a UserError, never a crash', () => {
  const good = encodeNpy({ shape: [2, 3], data: new Float32Array(6) });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, end) => {
      const bytes = good.slice(0, end);
      if (at < end) bytes[at] = value;
      try {
        const { shape, data } = parseNpy(bytes, 'f');
        assert.equal(
          data.length,
          shape.reduce((a, b) => a * b, 1),
        );
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      }
    }),
    { numRuns: 500 },
  );
});

test('archives are written and read by name, packed or stored', async () => {
  const file = path.join(folder, 'a.npz');
  await writeNpz(file, {
    z: { shape: [2], data: Float32Array.of(1, 2) },
    n: { shape: [1], data: Int32Array.of(7) },
  });
  const stored = await readNpz(file);
  assert.deepEqual(stored.names, ['z', 'n']);
  assert.deepEqual(stored.array('z').data, Float32Array.of(1, 2));
  assert.deepEqual(stored.array('n').data, Int32Array.of(7));
  await assert.rejects(readArray(file, 'x', 'z'), {
    name: 'UserError',
    message: /no array "x"; it has z, n/,
  });

  const entry = encodeNpy({ shape: [1000], data: new Float32Array(1000) });
  const packed: Zippable = { 'big.npy': [entry, { level: 9 }], 'notes.txt': Buffer.from('hi') };
  const archive = await readNpz(put(folder, 'p.npz', zipSync(packed)));
  assert.deepEqual(archive.names, ['big']);
  assert.equal(archive.array('big').data.length, 1000);
});

test('equal arrays make equal archives', async () => {
  const [a, b] = [path.join(folder, 'e1.npz'), path.join(folder, 'e2.npz')];
  for (const file of [a, b]) await writeNpz(file, { z: { shape: [1], data: Float32Array.of(1) } });
  assert.deepEqual(readFileSync(a), readFileSync(b));
});

test('an archive with ZIP64 fields in its local headers, as NumPy writes them', async () => {
  const content = encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) });
  const archive = await readNpz(put(folder, 'z64.npz', zip64('x.npy', content)));
  assert.deepEqual(archive.array('x').data, Float32Array.of(1, 2, 3));
});

test('an archive that says it unpacks to gigabytes is refused before room is made for them', async () => {
  const bytes = Buffer.from(zipSync({ 'x.npy': encodeNpy({ shape: [2], data: new Float32Array(2) }) }));
  const directory = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  bytes.writeUInt32LE(2 ** 32 - 2 ** 21, directory + 24);
  await assert.rejects(readNpz(put(folder, 'large.npz', bytes)), {
    name: 'UserError',
    message: /large\.npz: /,
  });
});

test('archives that are none, empty, cut off or damaged', async () => {
  const good = zipSync({ 'x.npy': encodeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) }) });
  const wrong: [Uint8Array, RegExp][] = [
    [good.subarray(0, 100), /damaged or cut off/],
    [zipSync({ 'readme.txt': Buffer.from('hi') }), /holds no arrays/],
    [zipSync({}), /holds no arrays/],
  ];
  for (const [bytes, expected] of wrong) {
    const file = put(folder, 'bad.npz', bytes);
    await assert.rejects(readArray(file, undefined, 'x'), { name: 'UserError', message: expected });
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
      const bytes = good.slice();
      bytes[at] = value;
      try {
        await readNpz(put(folder, 'fuzz.npz', bytes));
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
      }
    }),
    { numRuns: 300 },
  );
});

/** One stored entry; sizes stand in an extra field of the local header, as zipfile's force_zip64 leaves them. */
function zip64(name: string, content: Uint8Array): Uint8Array {
  const crc = crc32(content);
  const extra = Buffer.alloc(20);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(16, 2);
  extra.writeBigUInt64LE(BigInt(content.length), 4);
  extra.writeBigUInt64LE(BigInt(content.length), 12);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(45, 4);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(0xffffffff, 18);
  local.writeUInt32LE(0xffffffff, 22);
  local.writeUInt16LE(name.length, 26);
  local.writeUInt16LE(extra.length, 28);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(45, 4);
  central.writeUInt16LE(45, 6);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(content.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  const start = local.length + name.length + extra.length + content.length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(start, 16);
  return Buffer.concat([local, Buffer.from(name), extra, content, central, Buffer.from(name), end]);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}
