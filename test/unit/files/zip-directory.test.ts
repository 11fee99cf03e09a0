import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { zipSync } from 'fflate';
import { readZipDirectory } from '../../../src/files/zip-directory';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const text = (value: string) => new TextEncoder().encode(value);

/** Opens the bytes as a file, for as long as `use` takes. */
async function withZip<T>(
  bytes: Uint8Array,
  use: (entries: Awaited<ReturnType<typeof readZipDirectory>>) => Promise<T>,
): Promise<T> {
  const file = put(folder, 'a.zip', bytes);
  const handle = await open(file);
  try {
    return await use(await readZipDirectory(file, handle, bytes.length));
  } finally {
    await handle.close();
  }
}

/** A zip file of one stored entry with all sizes and offsets in 64 bits, after the specification's section 4.3. */
function zip64(name: string, content: Uint8Array): Buffer {
  const fields = (...parts: [bytes: 2 | 4 | 8, value: number][]) =>
    Buffer.concat(
      parts.map(([bytes, value]) => {
        const field = Buffer.alloc(8);
        field.writeBigUInt64LE(BigInt(value));
        return field.subarray(0, bytes);
      }),
    );
  const none = 0xffffffff;
  const crc = crc32(content);
  const sizes = fields([8, content.length], [8, content.length]);
  const common = fields(
    [2, 45],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, crc],
    [4, none],
    [4, none],
    [2, name.length],
  );
  const local = Buffer.concat([
    fields([4, 0x04034b50]),
    common,
    fields([2, 20]),
    Buffer.from(name),
    fields([2, 1], [2, 16]),
    sizes,
    content,
  ]);
  const central = Buffer.concat([
    fields([4, 0x02014b50], [2, 45]),
    common,
    fields([2, 28], [2, 0], [2, 0], [2, 0], [4, 0], [4, none]),
    Buffer.from(name),
    fields([2, 1], [2, 24]),
    sizes,
    fields([8, 0]),
  ]);
  const end = fields(
    ...([
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, 1],
      [8, 1],
      [8, central.length],
      [8, local.length],
    ] as [2 | 4 | 8, number][]),
  );
  const locator = fields([4, 0x07064b50], [4, 0], [8, local.length + central.length], [4, 1]);
  const last = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, 0xffff],
    [2, 0xffff],
    [4, none],
    [4, none],
    [2, 0],
  );
  return Buffer.concat([local, central, end, locator, last]);
}

test('ranges of stored and of packed entries', async () => {
  const content = text('0123456789'.repeat(100));
  for (const level of [0, 9] as const) {
    await withZip(zipSync({ 'a/b': [content, { level }], ä: [text('ö'), { level }] }), async (entries) => {
      assert.deepEqual([...entries.keys()], ['a/b', 'ä']);
      const entry = entries.get('a/b')!;
      assert.equal(entry.size, 1000);
      assert.equal(entry.crc32, crc32(content));
      assert.deepEqual(await entry.read(), content);
      assert.deepEqual(await entry.read(995), text('56789'));
      assert.deepEqual(await entry.read(3, 5), text('34'));
      assert.deepEqual(await entry.read(7, 7), text(''));
      await assert.rejects(entry.read(0, 1001), RangeError);
    });
  }
});

test('ZIP64', async () => {
  await withZip(zip64('big', text('content')), async (entries) => {
    const entry = entries.get('big')!;
    assert.equal(entry.size, 7);
    assert.deepEqual(await entry.read(1, 4), text('ont'));
  });
});

test('sizes that are lies take no memory', async () => {
  const lying = zip64('big', text('content'));
  // Both of the sizes in the directory: 2^40 bytes of a file of some hundred.
  const sizes = lying.lastIndexOf(Buffer.from([1, 0, 24, 0])) + 4;
  for (const at of [sizes, sizes + 8]) lying.writeBigUInt64LE(2n ** 40n, at);
  await withZip(lying, (entries) =>
    assert.rejects(entries.get('big')!.read(), { name: 'UserError', message: /overflows file bounds/ }),
  );
  const packed = Buffer.from(zipSync({ a: [new Uint8Array(5000), { level: 9 }] }));
  const directory = packed.indexOf('PK\x01\x02');
  for (const [size, message] of [
    [4999, /damaged or cut off/],
    [5001, /damaged or cut off/],
    [2 ** 29, /the sizes of the entry "a" cannot be/],
    [2 ** 31, /unpacks to more than 1 GiB/],
  ] as const) {
    packed.writeUInt32LE(size, directory + 24);
    await withZip(packed, (entries) =>
      assert.rejects(entries.get('a')!.read(), { name: 'UserError', message }),
    );
  }
});

test('offsets that no file has', async () => {
  const lying = zip64('big', text('content'));
  // The place of the directory's end, beyond what a number holds exactly.
  lying.writeBigUInt64LE(2n ** 64n - 1n, lying.indexOf('PK\x06\x07') + 8);
  await assert.rejects(
    withZip(lying, async () => undefined),
    { name: 'UserError', message: /damaged or cut off \(an offset lies outside of the file\)/ },
  );
});
