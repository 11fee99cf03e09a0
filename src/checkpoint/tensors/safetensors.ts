/** The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes without gaps, little-endian. */
import type { Hash } from 'node:crypto';
import { hasMoreParts, jsonIn } from '../../base/json-parts';
import { isSize, sizeOf } from '../../base/shape';
import type { FileHandle } from 'node:fs/promises';
import { shortened, shownValue, UserError } from '../../base/user-error';
import { openFile, readError } from '../../files/read';
import type { NdArray } from '../../protocol/tensors';
import { writeAtomically } from '../../files/atomic';
import { inMemory, readRange, type Source } from '../../files/read-range';
import { itemBytes, toFloat32 } from './dtypes';
import { checkTensorNames } from './tensor-names';
import { isRecord } from '../../config/expected';

/** The limit of the reference implementation. */
const largestHeader = 100_000_000;
/** Values in the header; a tensor has ten. */
const mostParts = 2_000_000;

export interface SafetensorsEntry {
  dtype: string;
  shape: number[];
  /** Begin and end in the data section, bytes. */
  offsets: [number, number];
}

export interface SafetensorsFile {
  file: string;
  /** Size of the whole file. */
  bytes: number;
  metadata: Record<string, string>;
  tensors: Map<string, SafetensorsEntry>;
  /**
   * Reads one tensor. Floating types become Float32Array, BOOL and U8 Uint8Array, other integers Int32Array.
   * @throws UserError for an unknown name, a type that has no reader, an integer beyond 32 bits
   */
  read(name: string): Promise<NdArray>;
  /** Bytes of the data section, as offsets count them. */
  readSpan(begin: number, end: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/**
 * Opens a file and checks its header; no tensor is read yet. The file stays open, so that what is read belongs
 * together even when another version replaces it meanwhile: `close` it.
 * @throws UserError saying what is wrong with the file
 */
export async function openSafetensors(file: string): Promise<SafetensorsFile> {
  const handle = await openFile(file, 'a safetensors file');
  try {
    return await readSafetensorsFile(file, handle);
  } catch (error) {
    await handle.close();
    throw readError(file, error);
  }
}

/** The same of a file that is open; where this throws, it stays open. */
export async function readSafetensorsFile(file: string, handle: FileHandle): Promise<SafetensorsFile> {
  const { size } = await handle.stat();
  return { ...(await readSafetensorsFrom(file, handle, size)), close: () => handle.close() };
}

/** The same of bytes in memory. @param file what errors call them */
export async function readSafetensorsBytes(file: string, bytes: Uint8Array): Promise<SafetensorsFile> {
  const opened = await readSafetensorsFrom(file, inMemory(bytes), bytes.length);
  return { ...opened, close: () => Promise.resolve() };
}

async function readSafetensorsFrom(
  file: string,
  handle: Source,
  size: number,
): Promise<Omit<SafetensorsFile, 'close'>> {
  const { metadata, tensors, dataStart } = await readHeader(handle, file, size);
  const readSpan = async (begin: number, end: number) =>
    (await readRange(handle, dataStart + begin, end - begin, file)).buffer;
  return {
    file,
    bytes: size,
    metadata,
    tensors,
    readSpan,
    async read(name) {
      const entry = tensors.get(name);
      if (!entry) throw new UserError(`${file}: holds no tensor "${name}".`);
      const { dtype, shape, offsets } = entry;
      const data = decode(await readSpan(...offsets), dtype, `${file}: tensor "${name}"`);
      return { shape: [...shape], data };
    },
  };
}

/** Opens a file, and closes it after `read`. */
export async function withSafetensors<T>(file: string, read: (opened: SafetensorsFile) => T | Promise<T>) {
  const opened = await openSafetensors(file);
  try {
    return await read(opened);
  } finally {
    await opened.close();
  }
}

/** All tensors of a file, and its metadata. */
export const readSafetensors = (file: string) =>
  withSafetensors(file, async (opened) => ({
    metadata: opened.metadata,
    tensors: await readTensors(opened),
  }));

/** Bytes that are read at once: a flow has a thousand small tensors, for each of which to ask takes longer than its bytes. */
const readAtOnce = 8 * 2 ** 20;

/** All tensors of an open file. */
export async function readTensors(opened: SafetensorsFile): Promise<Record<string, NdArray>> {
  const read = new Map<string, NdArray>();
  for (const names of neighbours(opened.tensors)) {
    const [start] = opened.tensors.get(names[0]!)!.offsets;
    const bytes = await opened.readSpan(start, opened.tensors.get(names.at(-1)!)!.offsets[1]);
    for (const name of names) {
      const { dtype, shape, offsets } = opened.tensors.get(name)!;
      const part = names.length === 1 ? bytes : bytes.slice(offsets[0] - start, offsets[1] - start);
      read.set(name, { shape: [...shape], data: decode(part, dtype, `${opened.file}: tensor "${name}"`) });
    }
  }
  return Object.fromEntries([...opened.tensors.keys()].map((name) => [name, read.get(name)!]));
}

/** The tensors in the order of their bytes, in groups that are read at once. */
function neighbours(tensors: ReadonlyMap<string, SafetensorsEntry>): string[][] {
  const groups: string[][] = [];
  let end = -1;
  for (const [name, { offsets }] of inOrder(tensors)) {
    if (offsets[1] > end) {
      groups.push([]);
      end = offsets[0] + readAtOnce;
    }
    groups.at(-1)!.push(name);
  }
  return groups;
}

/** A tensor in one of the format's types, as other programs want them. */
export interface StoredTensor {
  /** As the format names it, for example "I64". */
  dtype: string;
  shape: number[];
  data: Float32Array | Int32Array | Uint8Array | BigInt64Array;
}

function dtypeOf(tensor: NdArray | StoredTensor): string {
  if ('dtype' in tensor) return tensor.dtype;
  return tensor.data instanceof Float32Array ? 'F32' : tensor.data instanceof Int32Array ? 'I32' : 'U8';
}

/**
 * Writes tensors in the order of their size of item, then of their names; replaces the file atomically.
 * @param hash is given all bytes of the file
 */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, NdArray | StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
  hash?: Hash,
): Promise<void> {
  const names = Object.keys(tensors).sort((a, b) => {
    const order = tensors[b]!.data.BYTES_PER_ELEMENT - tensors[a]!.data.BYTES_PER_ELEMENT;
    return order !== 0 ? order : a < b ? -1 : 1;
  });
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors[name]!;
    const size = sizeOf(shape);
    if (size !== data.length)
      throw new RangeError(`Tensor ${name} has the shape [${shape.join(', ')}] and ${data.length} values.`);
    entries.push([
      name,
      { dtype: dtypeOf(tensors[name]!), shape, data_offsets: [offset, offset + data.byteLength] },
    ]);
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  const parts = [
    header,
    ...names.map((name) => {
      const { data } = tensors[name]!;
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }),
  ];
  if (hash) for (const part of parts) hash.update(part);
  await writeAtomically(file, parts);
}

async function readHeader(handle: Source, file: string, size: number) {
  const bad = (what: string) => new UserError(`${file}: is not a valid safetensors file: ${what}.`);
  if (size === 0) throw bad('it is empty');
  if (size < 8) throw bad(`it has only ${size} bytes`);
  const length = Number(new DataView((await readRange(handle, 0, 8, file)).buffer).getBigUint64(0, true));
  if (length > largestHeader)
    throw bad(`its header would be ${length} bytes; at most ${largestHeader} are allowed`);
  if (length > size - 8)
    throw bad(`its header needs ${length} bytes, but only ${size - 8} are present; it may be cut off`);
  const header = await readRange(handle, 8, length, file);
  if (hasMoreParts(header, mostParts)) throw bad(`its header has more than ${mostParts} values`);
  const parsed = jsonIn(new TextDecoder().decode(header));
  if (!isRecord(parsed)) throw bad('its header is not a JSON object');

  const metadata: Record<string, string> = {};
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      if (!isRecord(value)) throw bad('__metadata__ is not an object');
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw bad(`__metadata__ "${key}" is not a string`);
        metadata[key] = text;
      }
    } else {
      tensors.set(name, checkEntry(name, value, bad));
    }
  }
  checkTensorNames(file, tensors.keys());
  checkLayout(tensors, size - 8 - length, bad);
  return { metadata, tensors, dataStart: 8 + length };
}

function checkEntry(fullName: string, value: unknown, bad: (what: string) => UserError): SafetensorsEntry {
  const name = shortened(fullName);
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== 'string' || !Object.hasOwn(itemBytes, dtype))
    throw bad(`tensor "${name}" has the unknown type ${shownValue(dtype)}`);
  if (!Array.isArray(shape) || shape.length > 32 || !shape.every(isSize))
    throw bad(`tensor "${name}" has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw bad(`tensor "${name}" has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const needed = itemBytes[dtype]! * sizeOf(shape);
  if (end - begin !== needed) {
    throw bad(
      `tensor "${name}" (${dtype}, ${JSON.stringify(shape)}) needs ${needed} bytes; its offsets give ${end - begin}`,
    );
  }
  return { dtype, shape, offsets: [begin, end] };
}

/** In the order of their bytes; one without bytes before what begins at the same place. */
function inOrder(tensors: ReadonlyMap<string, SafetensorsEntry>): [string, SafetensorsEntry][] {
  return [...tensors].sort(([, { offsets: a }], [, { offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
}

/** The data section has to be covered by the tensors without overlaps and gaps. */
function checkLayout(
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  size: number,
  bad: (what: string) => UserError,
): void {
  let end = 0;
  for (const [name, { offsets }] of inOrder(tensors)) {
    if (offsets[0] < end) throw bad(`tensor "${name}" overlaps another one`);
    if (offsets[0] > end) throw bad(`there is a gap of ${offsets[0] - end} bytes before tensor "${name}"`);
    end = offsets[1];
    if (end > size) {
      throw bad(
        `tensor "${name}" ends at byte ${end} of the data and ${size} are there; the file may be cut off`,
      );
    }
  }
  if (end !== size) throw bad(`${size - end} bytes are left over after the last tensor`);
}

function decode(buffer: ArrayBuffer, dtype: string, where: string): Float32Array | Int32Array | Uint8Array {
  const small = (value: number | bigint): number => {
    const number = Number(value);
    if (number !== (number | 0)) throw new UserError(`${where}: the value ${value} does not fit 32 bits.`);
    return number;
  };
  switch (dtype) {
    case 'I32':
      return new Int32Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'I16':
      return Int32Array.from(new Int16Array(buffer));
    case 'U16':
      return Int32Array.from(new Uint16Array(buffer));
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    case 'U32':
      return Int32Array.from(new Uint32Array(buffer), small);
    case 'I64':
    case 'U64': {
      const values = dtype === 'I64' ? new BigInt64Array(buffer) : new BigUint64Array(buffer);
      const out = new Int32Array(values.length);
      for (let i = 0; i < out.length; i++) out[i] = small(values[i]!);
      return out;
    }
    default:
      return toFloat32(buffer, dtype, where);
  }
}
