/** Parquet files whose counts have nothing behind them are refused before anything is as large as they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { readParquet } from '../../../src/data/parquet';
import { createResources } from '../../../src/data/dataset';
import { valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

/** Thrift's compact protocol: a number, bytes, a list or a structure of fields by their ids. */
type Field = number | string | Field[] | { [id: number]: Field };

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
const kindOf = (field: Field): number =>
  typeof field === 'number' ? 5 : typeof field === 'string' ? 8 : Array.isArray(field) ? 9 : 12;
function encode(field: Field): number[] {
  if (typeof field === 'number') return varint(field < 0 ? -2 * field - 1 : 2 * field);
  if (typeof field === 'string') return [...varint(field.length), ...Buffer.from(field)];
  if (Array.isArray(field)) return [(field.length << 4) | kindOf(field[0]!), ...field.flatMap(encode)];
  let last = 0;
  const parts = Object.entries(field).flatMap(([id, value]: [string, Field]) => {
    const step = Number(id) - last;
    last = Number(id);
    return [(step << 4) | kindOf(value), ...encode(value)];
  });
  return [...parts, 0];
}

const encodings = { plain: 0, rle: 3, delta: 5, deltaTexts: 7, dictionary: 8 };
const types = { boolean: 0, int32: 1, int64: 2, double: 5 };
const codecs = { none: 0, zstd: 6 };
interface Made {
  type?: number;
  codec?: number;
  optional?: boolean;
  values?: number;
  rows?: number;
  encoding?: number;
  size?: number;
  page: number[];
  dictionary?: number[];
}

/** A file of one column "x" with one page. */
function parquet(name: string, made: Made): string {
  const {
    type = types.double,
    codec = codecs.none,
    optional = false,
    rows = 10,
    page,
    dictionary = [],
  } = made;
  const { values = rows, encoding = encodings.plain, size = page.length } = made;
  const header = encode({ 1: 0, 2: size, 3: page.length, 5: { 1: values, 2: encoding, 3: 3, 4: 3 } });
  const words =
    dictionary.length === 0
      ? []
      : [
          ...encode({
            1: 2,
            2: dictionary.length,
            3: dictionary.length,
            7: { 1: dictionary.length / 8, 2: 0 },
          }),
        ];
  const chunk = [...words, ...dictionary, ...header, ...page];
  const column = { 1: type, 2: [encoding], 3: ['x'], 4: codec, 5: values, 6: size, 7: chunk.length, 9: 4 };
  const footer = encode({
    1: 1,
    2: [
      { 4: 'schema', 5: 1 },
      { 1: type, 3: optional ? 1 : 0, 4: 'x' },
    ],
    3: rows,
    4: [{ 1: [{ 2: 4, 3: column }], 2: chunk.length, 3: rows }],
  });
  return file(name, chunk, footer);
}

function file(name: string, body: number[], footer: number[]): string {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  const parts = ['PAR1', Buffer.from(body), Buffer.from(footer), length, 'PAR1'];
  return put(folder, `${name}.parquet`, Buffer.concat(parts.map((part) => Buffer.from(part))));
}

async function read(source: string): Promise<number[]> {
  const resources = createResources(2 ** 30);
  try {
    const { all } = await readParquet(source, {}, resources);
    return await valuesOf(all);
  } finally {
    await resources.close();
  }
}

async function refused(source: string, expected: RegExp): Promise<void> {
  const before = process.resourceUsage().maxRSS;
  await assert.rejects(read(source), (error: Error) => {
    assert.ok(error instanceof UserError, error.stack);
    assert.match(error.message, expected);
    return true;
  });
  assert.ok(process.resourceUsage().maxRSS - before < 256 * 1024, 'it took more than 256 MB');
}

const doubles = (...values: number[]): number[] => [...Buffer.from(Float64Array.from(values).buffer)];
const word = doubles(1.5);
/** Bits of an index, then runs of it. */
const runs = (header: number[]): number[] => [1, ...header, 0];
const dictionaryPage = { encoding: encodings.dictionary, dictionary: word };

test('a file of one page opens: what the others differ from', async () => {
  const values = Array.from({ length: 10 }, (_, i) => i / 4);
  assert.deepEqual(await read(parquet('plain', { page: doubles(...values) })), values);
  const repeated = parquet('repeated', { ...dictionaryPage, page: runs(varint(10 * 2)) });
  assert.deepEqual(await read(repeated), new Array(10).fill(1.5));
  const delta = [...varint(128), 4, 10, 0, 2, 0, 0, 0, 0];
  const counted = parquet('counted', { type: types.int32, encoding: encodings.delta, page: delta });
  assert.deepEqual(await read(counted), [...values.keys()]);
  const present = [2, 0, 0, 0, ...varint(10 * 2), 1];
  const optional = parquet('optional', { optional: true, page: [...present, ...doubles(...values)] });
  assert.deepEqual(await read(optional), values);
});

test('runs that are longer than the page', async () => {
  const run = runs(varint(2 ** 30 * 2));
  await refused(parquet('run', { ...dictionaryPage, page: run }), /a run of values is 1073741824/);
  const packed = runs(varint(2 ** 29 * 2 + 1));
  await refused(parquet('packed', { ...dictionaryPage, page: packed }), /a run of values is/);
  // 32 bits of ones: as a signed number, a run that counts down from below 0.
  const endless = runs(varint(2 ** 32 - 1));
  await refused(parquet('endless', { ...dictionaryPage, page: endless }), /a run of values is/);
  const levels = [6, 0, 0, 0, ...varint(2 ** 30 * 2), 1];
  await refused(
    parquet('levels', { optional: true, page: [...levels, ...doubles(1)] }),
    /a run of values is/,
  );
  const flags = { type: types.boolean, encoding: encodings.rle, page: levels };
  await refused(parquet('flags', flags), /a run of values is/);
});

test('more values than the row group', async () => {
  const all = 2 ** 31 - 1;
  // An index of 0 bits: every value is the first word, without a byte for any of them.
  const zeros = { ...dictionaryPage, page: [0] };
  await refused(parquet('values', { ...zeros, values: all }), /the values of a page is 2147483647/);
  await refused(parquet('rows', { ...zeros, rows: all }), /a row group has 2147483647 rows/);
  await refused(parquet('size', { page: word, size: all }), /the size of pages is 2147483647/);
});

test('texts that repeat the one before', async () => {
  // Each of 10 texts begins with a billion bytes of the one before.
  const many = [...varint(128), 4, 10, ...varint(2e9), 0, 0, 0, 0, 0];
  const page = [...many, ...many];
  await refused(
    parquet('texts', { encoding: encodings.deltaTexts, page }),
    /the length of a text is 1000000000/,
  );
});

test('numbers that do not end, and lists of nothing', async () => {
  const long = new Array<number>(2 ** 20).fill(0x80);
  const delta = [...varint(128), 4, 10, ...long, 0];
  await refused(
    parquet('long', { type: types.int64, encoding: encodings.delta, page: delta }),
    /more than 10 bytes/,
  );
  // Lists in lists of 30 million items each.
  const lists = new Array(30).fill([0xf9, ...varint(3e7)]).flat() as number[];
  await refused(file('lists', [], [0x19, ...lists, 0]), /does not fit in it/);
  const empty = new Array<number>(2 ** 22).fill(0);
  await refused(
    file('structs', [], [0x19, 0xfc, ...varint(empty.length), ...empty, 0]),
    /more than 2000000 parts/,
  );
});

test('a page that unpacks to far more than it says', async () => {
  // Zstandard blocks of one repeated byte, 128 KB each.
  const block = [...Buffer.from([0, 0, 0])];
  block[0] = (((2 ** 17) << 3) | 2) & 0xff;
  block[1] = (((2 ** 17) << 3) >> 8) & 0xff;
  block[2] = ((2 ** 17) << 3) >> 16;
  const blocks = new Array(20_000).fill([...block, 7]).flat() as number[];
  const page = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, ...blocks, 1, 0, 0];
  await refused(parquet('zstd', { codec: codecs.zstd, page, size: 80 }), /not a readable Parquet file/);
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];
  const frames = new Array(1000).fill(frame).flat() as number[];
  await refused(
    parquet('frames', { codec: codecs.zstd, page: frames, size: 80 }),
    /more than one Zstandard frame/,
  );
});
