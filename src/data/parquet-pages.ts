/**
 * Whether the pages of a column can be decoded. The library allocates and repeats as often as a page says, so every count in
 * it is looked at before.
 */
import { parquetMetadata, type ColumnMetaData, type FileMetaData, type Compressors } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { endOfStruct } from './parquet-thrift';
import { compressors as unbounded } from 'hyparquet-compressors';
import { decompress } from 'fzstd';

/** Bytes of a footer: names, places and statistics of all columns of all row groups. */
const largestFooter = 2 ** 25;
/** Bytes that the pages of a column in one row group unpack to. */
const largestColumn = 2 ** 28;
/** Values that a run may have too many of: writers fill the last one up. */
const padding = 512;
const longestNumber = 10;

/** @throws Error for a file that is damaged, or whose description cannot be as large as it says */
export async function readFooter(file: {
  byteLength: number;
  slice(start: number, end: number): ArrayBuffer | Promise<ArrayBuffer>;
}): Promise<FileMetaData> {
  const { byteLength } = file;
  if (byteLength < 12) throw new Error('it is too short');
  const end = new DataView(await file.slice(byteLength - 8, byteLength));
  const length = end.getUint32(0, true);
  if (end.getUint32(4, true) !== 0x31524150) throw new Error('it does not end with PAR1');
  if (length > byteLength - 8) throw new Error(`its description of ${length} bytes is longer than the file`);
  if (length > largestFooter) throw new Error(`its description has ${length} bytes`);
  const footer = await file.slice(byteLength - 8 - length, byteLength);
  endOfStruct(new Uint8Array(footer, 0, length), 0);
  return parquetMetadata(footer);
}

/** How much of a column is read, and what its schema says. */
interface Expected {
  /** Rows that are read. */
  count: number;
  /** Rows of the row group, which no page has more of. */
  rows: number;
  optional: boolean;
}

/** @param bytes of the column in one row group. @throws Error for counts that cannot be */
export function checkPages(bytes: Uint8Array, column: ColumnMetaData, expected: Expected): void {
  const { count, rows, optional } = expected;
  const most = Math.min(rows, largestPage);
  let unpacked = 0;
  let texts = 0;
  for (let at = 0, seen = 0; seen < count && at < bytes.length - 1;) {
    const body = endOfStruct(bytes, at);
    const header = parquetHeader({ view: viewOf(bytes.subarray(0, body)), offset: at });
    const packed = inRange('the size of a page', header.compressed_page_size, bytes.length - body);
    const size = inRange('the size of pages', header.uncompressed_page_size, largestColumn - unpacked);
    unpacked += size;
    at = body + packed;
    const content = bytes.subarray(body, at);
    const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: words } = header;
    if (header.type === 'DICTIONARY_PAGE' && words) inRange('the words', words.num_values, mostTexts);
    const data = header.type === 'DATA_PAGE' ? first : header.type === 'DATA_PAGE_V2' ? second : undefined;
    if (!data) continue;
    const values = inRange('the values of a page', data.num_values, most);
    seen += values;
    if (isText(column) && !data.encoding.endsWith('DICTIONARY'))
      texts += inRange('the texts', values, mostTexts - texts);
    if (data === first) {
      // Levels and values in one piece, all packed.
      const cursor = { page: decompressPage(content, size, column.codec, compressors), at: 0 };
      const missing = optional ? missingValues(cursor, values) : 0;
      checkValues(cursor, { column, encoding: first.encoding, values: values - missing });
    } else if (data === second) checkSecond(content, size, column, { ...second, optional });
  }
}

/** Values. */
const largestPage = 2 ** 24;
/** Values that become an object each, in one row group. */
const mostTexts = 2 ** 21;

const isText = ({ type }: ColumnMetaData): boolean =>
  type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY';

interface Cursor {
  page: Uint8Array;
  at: number;
}
interface Values {
  column: ColumnMetaData;
  encoding: string;
  values: number;
}

type Second = NonNullable<ReturnType<typeof parquetHeader>['data_page_header_v2']>;

/** Levels before the values, not packed. */
function checkSecond(
  content: Uint8Array,
  size: number,
  column: ColumnMetaData,
  header: Second & { optional: boolean },
): void {
  const repetition = inRange('the levels of a page', header.repetition_levels_byte_length, content.length);
  const definition = inRange('the levels of a page', header.definition_levels_byte_length, content.length);
  const missing = inRange('the missing values of a page', header.num_nulls, header.num_values);
  if (header.optional) checkRuns({ page: content, at: repetition }, { width: 1, values: header.num_values });
  const levels = repetition + definition;
  const packed = content.subarray(levels);
  const page =
    header.is_compressed === false
      ? packed
      : decompressPage(
          packed,
          inRange('the unpacked size of a page', size - levels, size),
          column.codec,
          compressors,
        );
  checkValues({ page, at: 0 }, { column, encoding: header.encoding, values: header.num_values - missing });
}

/** Moves behind the levels that say which values are there, and counts those that are not. */
function missingValues(cursor: Cursor, values: number): number {
  const length = lengthAt(cursor);
  checkRuns({ page: cursor.page, at: cursor.at + 4 }, { width: 1, values });
  const levels = new Array<number>(values);
  readRleBitPackedHybrid({ view: viewOf(cursor.page), offset: cursor.at }, 1, levels);
  cursor.at += 4 + length;
  return levels.reduce((missing, level) => missing + Number(level !== 1), 0);
}

function checkValues(cursor: Cursor, { column, encoding, values }: Values): void {
  const boolean = column.type === 'BOOLEAN';
  if (encoding === 'PLAIN') return;
  if (encoding === 'RLE' && boolean) {
    lengthAt(cursor);
    checkRuns({ ...cursor, at: cursor.at + 4 }, { width: 1, values });
  } else if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (values === 0) return;
    const width = inRange('the bits of an index', cursor.page[cursor.at] ?? -1, 32);
    checkRuns({ ...cursor, at: cursor.at + 1 }, { width, values });
  } else if (encoding === 'DELTA_BINARY_PACKED' || encoding === 'DELTA_LENGTH_BYTE_ARRAY') {
    checkDeltas(cursor, values);
  } else if (encoding === 'DELTA_BYTE_ARRAY') {
    const prefixes = deltas(cursor, values);
    const lengths = deltas(cursor, values);
    let total = 0;
    for (const [i, prefix] of prefixes.entries()) {
      total += inRange('the length of a text', prefix, largestColumn);
      total += inRange('the length of a text', lengths[i]!, largestColumn);
      inRange('the length of all texts of a page', total, largestColumn);
    }
  } else if (
    encoding === 'BYTE_STREAM_SPLIT' &&
    ['INT32', 'FLOAT', 'INT64', 'DOUBLE'].includes(column.type)
  ) {
    inRange('the values of a page', values, cursor.page.length);
  } else {
    throw new Error(`values of type ${column.type} are stored as ${encoding}, which is not read`);
  }
}

/** Runs of one value, and values packed in bits (Parquet's RLE hybrid). */
function checkRuns({ page, at }: Cursor, { width, values }: { width: number; values: number }): void {
  const cursor = { page, at };
  for (let seen = 0; seen < values;) {
    const header = numberAt(cursor);
    const packed = header % 2 === 1;
    const run = Math.floor(header / 2) * (packed ? 8 : 1);
    inRange('a run of values', run, values - seen + padding);
    // Zeros at the end of what is packed may be left out.
    cursor.at += packed ? (run * width) / 8 : Math.ceil(width / 8);
    seen += run;
  }
}

/** Moves behind differences between numbers (Parquet's DELTA_BINARY_PACKED), which the library follows without limits. */
function checkDeltas(cursor: Cursor, values: number): void {
  const { page } = cursor;
  const block = numberAt(cursor);
  const parts = inRange('the parts of a block', numberAt(cursor), page.length);
  numberAt(cursor);
  numberAt(cursor);
  for (let seen = 1; seen < values;) {
    numberAt(cursor);
    const widths = page.subarray(cursor.at, cursor.at + parts);
    cursor.at += parts;
    for (let part = 0; part < parts && seen < values; part++) {
      cursor.at += ((block / parts) * inRange('the bits of a difference', widths[part] ?? -1, 64)) / 8;
      seen += block / parts;
    }
  }
}

function deltas(cursor: Cursor, values: number): Int32Array {
  checkDeltas({ ...cursor }, values);
  const out = new Int32Array(values);
  const reader = { view: viewOf(cursor.page), offset: cursor.at };
  deltaBinaryUnpack(reader, values, out);
  cursor.at = reader.offset;
  return out;
}

/** A number of bytes, before them. */
function lengthAt({ page, at }: Cursor): number {
  inRange('a length', 4, page.length - at);
  return inRange('a length', viewOf(page).getUint32(at, true), page.length - at - 4);
}

function numberAt(cursor: Cursor): number {
  let value = 0;
  for (let length = 0; length < longestNumber; length++) {
    const part = cursor.page[cursor.at++];
    if (part === undefined) throw new Error('a page ends within its values');
    value += (part & 0x7f) * 2 ** (7 * length);
    if (part < 0x80) return value;
  }
  throw new Error(`a number has more than ${longestNumber} bytes`);
}

function inRange(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new Error(`${what} is ${value}, more than there can be`);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Zstandard's own says how much it unpacks to, and takes that for granted; the others fill an array of the page's size. */
export const compressors: Compressors = { ...unbounded, ZSTD: unpackZstandard };

function unpackZstandard(input: Uint8Array, length: number): Uint8Array {
  const { end, content } = zstandardFrame(input);
  if (end !== input.length) throw new Error('a page holds more than one Zstandard frame');
  if (content !== undefined && content !== length)
    throw new Error(`a page unpacks to ${content} bytes, its header says ${length}`);
  return decompress(input, new Uint8Array(length));
}

/** Where the first frame ends (RFC 8878, 3.1.1), and the bytes that its header says it unpacks to. */
function zstandardFrame(input: Uint8Array): { end: number; content?: number } {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw new Error('a page is no Zstandard frame');
  const flags = view.getUint8(4);
  const singleSegment = (flags >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const contentBytes = flags >> 6 === 0 ? singleSegment : 1 << (flags >> 6);
  let at = 5 + (1 - singleSegment) + dictionaryBytes;
  // Little-endian; in two bytes it is counted from 256.
  const written = input.subarray(at, at + contentBytes).reduceRight((sum, byte) => 256 * sum + byte, 0);
  const content = contentBytes === 0 ? undefined : written + (contentBytes === 2 ? 256 : 0);
  at += contentBytes;
  for (let last = false; !last;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    last = (header & 1) === 1;
    const repeated = ((header >> 1) & 3) === 1;
    at += 3 + (repeated ? 1 : header >> 3);
  }
  return { end: at + ((flags >> 2) & 1 ? 4 : 0), ...(content === undefined ? {} : { content }) };
}
