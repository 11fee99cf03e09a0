import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
} from '../../../src/checkpoint/tensors/safetensors';
import { UserError } from '../../../src/base/user-error';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

/** A file with any header, as another program might write it. */
function build(header: unknown, data: Uint8Array = new Uint8Array(0), length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([head, json, data]);
}

const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

test('what is written is read', async () => {
  const file = path.join(folder, 'a.safetensors');
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
        fc
          .oneof(fc.float32Array(), fc.int32Array(), fc.uint8Array())
          .map((data) => ({ shape: [data.length, 1], data })),
        { noNullPrototype: true },
      ),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.string({ unit: 'grapheme' }),
        { noNullPrototype: true },
      ),
      async (tensors, metadata) => {
        await writeSafetensors(file, tensors, metadata);
        assert.deepEqual(await readSafetensors(file), { tensors, metadata });
        // The header is padded so that data are aligned.
        assert.equal(Number(readFileSync(file).readBigUInt64LE()) % 8, 0);
      },
    ),
    { numRuns: 100 },
  );
});

test('a scalar and an empty tensor', async () => {
  const file = path.join(folder, 's.safetensors');
  const tensors = {
    a: { shape: [], data: Float32Array.of(3) },
    b: { shape: [0, 2], data: new Float32Array(0) },
  };
  await writeSafetensors(file, tensors);
  assert.deepEqual(await readSafetensors(file), { tensors, metadata: {} });
  await assert.rejects(writeSafetensors(file, { a: { shape: [2], data: new Float32Array(3) } }), RangeError);
  assert.deepEqual((await readSafetensors(file)).tensors, tensors);
});

test('every type of other programs', async () => {
  const cases: [string, ArrayBufferView, ArrayLike<number>][] = [
    ['F64', Float64Array.of(0.5, 1e300), [0.5, Infinity]],
    ['F16', Uint16Array.of(0x3c00, 0xfc00, 0x03ff), [1, -Infinity, 1023 * 2 ** -24]],
    ['BF16', Uint16Array.of(0x3f80, 0xc040), [1, -3]],
    ['F8_E4M3', Uint8Array.of(0x38, 0xc5, 0x7e, 0x01, 0xff), [1, -3.25, 448, 2 ** -9, NaN]],
    ['F8_E5M2', Uint8Array.of(0x3c, 0xc3, 0x7b, 0x01, 0xfc), [1, -3.5, 57344, 2 ** -16, -Infinity]],
    ['I64', BigInt64Array.of(-5n, 2n ** 31n - 1n), [-5, 2 ** 31 - 1]],
    ['U64', BigUint64Array.of(5n), [5]],
    ['I16', Int16Array.of(-300), [-300]],
    ['U16', Uint16Array.of(65_535), [65_535]],
    ['I8', Int8Array.of(-3), [-3]],
    ['U32', Uint32Array.of(7), [7]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ];
  for (const [dtype, data, expected] of cases) {
    const count = expected.length;
    const file = put(
      folder,
      'types.safetensors',
      build({ t: entry(dtype, [count], 0, data.byteLength) }, bytesOf(data)),
    );
    const { tensors } = await readSafetensors(file);
    assert.deepEqual([...tensors.t!.data], Array.from(expected), dtype);
  }
});

test('what cannot be read is said for that tensor only', async () => {
  const data = Buffer.concat([
    bytesOf(BigInt64Array.of(2n ** 40n)),
    bytesOf(Float32Array.of(1)),
    Uint8Array.of(9),
  ]);
  const header = {
    big: entry('I64', [1], 0, 8),
    ok: entry('F32', [], 8, 12),
    eight: entry('F8_E4M3FNUZ', [1], 12, 13),
  };
  const opened = await openSafetensors(put(folder, 'mixed.safetensors', build(header, data)));
  try {
    assert.equal((await opened.read('ok')).data[0], 1);
    await assert.rejects(opened.read('big'), {
      name: 'UserError',
      message: /tensor "big": the value 1099511627776 does not fit/,
    });
    await assert.rejects(opened.read('eight'), {
      name: 'UserError',
      message: /8-bit floats of another kind \(F8_E4M3FNUZ\), which Flowscope cannot read/,
    });
    await assert.rejects(opened.read('none'), { name: 'UserError', message: /holds no tensor "none"/ });
  } finally {
    await opened.close();
  }
});

test('what is read belongs together while another version replaces the file', async () => {
  const file = path.join(folder, 'replaced.safetensors');
  await writeSafetensors(file, { a: { shape: [1], data: Float32Array.of(1) } });
  const opened = await openSafetensors(file);
  await writeSafetensors(file, { b: { shape: [3], data: Float32Array.of(7, 8, 9) } });
  assert.deepEqual((await opened.read('a')).data, Float32Array.of(1));
  await opened.close();
  assert.deepEqual(Object.keys((await readSafetensors(file)).tensors), ['b']);
});

test('what is wrong with a file is named', async () => {
  const four = new Uint8Array(4);
  const wrong: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /it is empty/],
    [new Uint8Array(5), /it has only 5 bytes/],
    [build('{}', undefined, 100_000_001n), /its header would be 100000001 bytes/],
    [build('{}', undefined, 2n ** 63n), /its header would be/],
    [build('{}', undefined, 50n), /its header needs 50 bytes, but only 2 are present/],
    [build('{"a'), /its header is not a JSON object/],
    [build('[]'), /its header is not a JSON object/],
    [build({ __metadata__: { step: 3 } }), /__metadata__ "step" is not a string/],
    [build({ a: entry('F99', [1], 0, 4) }, four), /tensor "a" has the unknown type "F99"/],
    [build({ a: entry('toString', [1], 0, 4) }, four), /unknown type "toString"/],
    [build({ a: null }), /unknown type/],
    [build({ a: entry('F32', [-1], 0, 4) }, four), /tensor "a" has no valid shape/],
    [build({ a: entry('F32', [1.5], 0, 4) }, four), /no valid shape/],
    [build({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, four), /no valid data_offsets/],
    [build({ a: entry('F32', [1], 4, 0) }, four), /needs 4 bytes; its offsets give -4/],
    [build({ a: entry('F32', [2], 0, 4) }, four), /\(F32, \[2\]\) needs 8 bytes; its offsets give 4/],
    [build({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 4) }, four), /needs .* bytes; its offsets give 4/],
    [
      build({ a: entry('F32', [1], 0, 4), b: entry('U8', [4], 2, 6) }, new Uint8Array(6)),
      /tensor "b" overlaps/,
    ],
    [build({ a: entry('F32', [1], 4, 8) }, new Uint8Array(8)), /a gap of 4 bytes before tensor "a"/],
    [build({ a: entry('F32', [2], 0, 8) }, four), /ends at byte 8 of the data and 4 are there/],
    [build({ a: entry('F32', [1], 0, 4) }, new Uint8Array(6)), /2 bytes are left over/],
  ];
  for (const [bytes, expected] of wrong) {
    await assert.rejects(openSafetensors(put(folder, 'bad.safetensors', bytes)), (error: Error) => {
      assert.ok(error instanceof UserError, String(error.stack));
      assert.match(error.message, expected);
      return true;
    });
  }
  await assert.rejects(openSafetensors(folder), { name: 'UserError', message: /is a folder/ });
  await assert.rejects(openSafetensors(path.join(folder, 'none')), {
    name: 'UserError',
    message: /no such file/,
  });
});

test('any damage gives a UserError or a consistent file, never a crash', async () => {
  const file = path.join(folder, 'good.safetensors');
  await writeSafetensors(
    file,
    { a: { shape: [2, 2], data: new Float32Array(4) }, b: { shape: [3], data: new Uint8Array(3) } },
    { format: 'x' },
  );
  const good = readFileSync(file);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.nat(255),
      fc.oneof(fc.constant(good.length), fc.nat(good.length)),
      async (at, value, end) => {
        const bytes = Buffer.from(good.subarray(0, end));
        if (at < end) bytes[at] = value;
        try {
          const { tensors } = await readSafetensors(put(folder, 'fuzz.safetensors', bytes));
          for (const { shape, data } of Object.values(tensors))
            assert.equal(
              shape.reduce((x, y) => x * y, 1),
              data.length,
            );
        } catch (error) {
          assert.ok(error instanceof UserError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('any header gives a UserError or a consistent table', async () => {
  const number = fc.oneof(fc.nat(12), fc.constantFrom(-1, 0.5, 2 ** 53, null));
  const field = fc.record(
    {
      dtype: fc.constantFrom('F32', 'U8', 'I64', 'BOOL', 'x', 3),
      shape: fc.oneof(fc.array(number, { maxLength: 3 }), fc.constant('x')),
      data_offsets: fc.array(number, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string(), fc.oneof(field, fc.jsonValue())),
      fc.nat(16),
      async (header, size) => {
        try {
          const opened = await openSafetensors(
            put(folder, 'any.safetensors', build(header, new Uint8Array(size))),
          );
          await opened.close();
          const used = [...opened.tensors.values()].reduce(
            (sum, { offsets }) => sum + offsets[1] - offsets[0],
            0,
          );
          assert.equal(used, size);
        } catch (error) {
          assert.ok(error instanceof UserError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('what is wrong with a header is told in few words, however large or deep it is', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const long = JSON.stringify('x'.repeat(1_000_000));
  for (const text of [
    `{"a":{"dtype":${deep}}}`,
    `{"a":{"dtype":${long}}}`,
    `{"a":{"dtype":"F32","shape":${deep}}}`,
    `{${long}:{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`,
    `{"__metadata__":{${long}:1}}`,
  ]) {
    await assert.rejects(
      openSafetensors(put(folder, 'wrong.safetensors', build(text))),
      (error) => error instanceof UserError && error.message.length < 4100,
    );
  }
});
