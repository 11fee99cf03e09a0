/**
 * NumPy's array files. The format is in "numpy.lib.format". A reader of our own, since the published ones neither
 * reorder Fortran arrays nor say which file is wrong, and bring a network client along.
 */
import { gather, sizeOf } from '../base/shape';
import { UserError } from '../base/user-error';
import { fromHalf } from '../files/half';
import { firstBytes, readUnpacked } from '../files/read';
import type { NdArray } from '../protocol/tensors';

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface NpyArray {
  shape: number[];
  /** NumPy's name, for example "float32", "int64", "bool". float16 is widened to float32. */
  dtype: string;
  /** Row-major (C order), whatever the file's order was. */
  data: NpyData;
}

type Decoder = { name: string; bytes: number; make(buffer: ArrayBuffer): NpyData };

/** By kind and size, without the byte order. */
const decoders: Record<string, Decoder> = {
  f2: { name: 'float32', bytes: 2, make: (b) => Float32Array.from(new Uint16Array(b), fromHalf) },
  f4: { name: 'float32', bytes: 4, make: (b) => new Float32Array(b) },
  f8: { name: 'float64', bytes: 8, make: (b) => new Float64Array(b) },
  i1: { name: 'int8', bytes: 1, make: (b) => new Int8Array(b) },
  i2: { name: 'int16', bytes: 2, make: (b) => new Int16Array(b) },
  i4: { name: 'int32', bytes: 4, make: (b) => new Int32Array(b) },
  i8: { name: 'int64', bytes: 8, make: (b) => new BigInt64Array(b) },
  u1: { name: 'uint8', bytes: 1, make: (b) => new Uint8Array(b) },
  u2: { name: 'uint16', bytes: 2, make: (b) => new Uint16Array(b) },
  u4: { name: 'uint32', bytes: 4, make: (b) => new Uint32Array(b) },
  u8: { name: 'uint64', bytes: 8, make: (b) => new BigUint64Array(b) },
  b1: { name: 'bool', bytes: 1, make: (b) => new Uint8Array(b) },
};

/** Readers of single values as numbers, by kind and size. */
const scalars: Record<string, (view: DataView, at: number, little: boolean) => number> = {
  f2: (view, at, little) => fromHalf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  b1: (view, at) => view.getUint8(at),
};

/** @throws UserError naming the file and what was expected */
export async function readNpy(file: string): Promise<NpyArray> {
  // A header that is none is refused before the rest is read.
  const start = await firstBytes(file, npyHeaderBytes + 12);
  if (start[0] === 0x93) parseNpyStart(start, file);
  return parseNpy(await readUnpacked(file), file);
}

export type NpyHeader = ReturnType<typeof parseNpyStart>;

/** What an NPY file's first bytes have to hold for `parseNpyHeader`; longer headers are refused. */
export const npyHeaderBytes = 2 ** 16;

/**
 * @param bytes the first ones of `length`, `npyHeaderBytes` or all
 * @param where named in messages: the file, and the array in it
 * @throws UserError when it is not an array of numbers, or its length is not what its shape calls for
 */
export function parseNpyHeader(bytes: Uint8Array, length: number, where: string): NpyHeader {
  const header = parseNpyStart(bytes, where);
  const { shape, descr, itemBytes, start } = header;
  const needed = sizeOf(shape) * itemBytes;
  const present = length - start;
  if (needed !== present) {
    const words = `shape (${shape.join(', ')}) of ${descr} needs ${needed} bytes, but ${present} are present`;
    throw new UserError(`${where}: ${present < needed ? 'is cut off' : 'has bytes left over'}: ${words}.`);
  }
  return header;
}

/** The same of one of several arrays after each other: more bytes may follow. */
export function parseNpyStart(bytes: Uint8Array, where: string) {
  const { descr, fortran, shape, start } = parseHeader(bytes, where);
  const [, order, type = ''] = /^([<>|=])([a-z]\d+)$/i.exec(descr) ?? [];
  const decoder = Object.hasOwn(decoders, type) ? decoders[type] : undefined;
  if (!decoder) {
    throw new UserError(
      `${where}: holds values of NumPy type ${descr}; expected floating-point numbers, integers or bool. ` +
        `Convert them with .astype('float32').`,
    );
  }
  return {
    shape,
    /** Column-major. */
    fortran,
    /** NumPy's name of what `decoder` gives. */
    dtype: decoder.name,
    /** As the file has it, for example "<f4". */
    descr,
    /** By kind and size, for example "f4". */
    type,
    bigEndian: order === '>',
    /** Bytes of a value, and where values begin. */
    itemBytes: decoder.bytes,
    start,
  };
}

/** @param where named in messages: the file, and the array in it */
export function parseNpy(bytes: Uint8Array, where: string): NpyArray {
  const header = parseNpyHeader(bytes, bytes.length, where);
  const data = decodeNpy(bytes.subarray(header.start), header);
  const { shape, dtype } = header;
  return { shape, dtype, data: header.fortran ? toRowMajor(data, shape) : data };
}

/** Values in the order in which they are stored. */
export function decodeNpy(
  bytes: Uint8Array,
  { type, bigEndian, itemBytes }: Pick<NpyHeader, 'type' | 'bigEndian' | 'itemBytes'>,
): NpyData {
  // A copy, since typed arrays need aligned memory.
  const content = Uint8Array.from(bytes);
  if (bigEndian) swapBytes(content, itemBytes);
  return decoders[type]!.make(content.buffer);
}

/** Reads single values of a type as numbers, without a copy. */
export function npyScalar({
  type,
  bigEndian,
}: Pick<NpyHeader, 'type' | 'bigEndian'>): (view: DataView, at: number) => number {
  const read = scalars[type]!;
  return (view, at) => read(view, at, !bigEndian);
}

/** Floats as they are, other types converted. 64-bit integers lose digits beyond 2²⁴, as any float32 does. */
export function toFloat32({ shape, data }: NpyArray): NdArray<Float32Array> {
  if (data instanceof Float32Array) return { shape, data };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return { shape, data: Float32Array.from(data, Number) };
  return { shape, data: new Float32Array(data) };
}

/** An NPY file, version 1.0, of float32, float64, int32 or uint8 and so on as the array is. */
export function encodeNpy(array: { shape: readonly number[]; data: NpyData }): Uint8Array {
  const { buffer, byteOffset, byteLength } = array.data;
  return Buffer.concat([npyHead(array), new Uint8Array(buffer, byteOffset, byteLength)]);
}

/** Header before the numbers. @param data of the type that the file has, whatever its length */
export function npyHead({ shape, data }: { shape: readonly number[]; data: NpyData }): Uint8Array {
  const descr = descrOf(data);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Data start at a multiple of 64 bytes; the header ends with a line break.
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, ' ');
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(length, 8);
  head.write(dict, 10, 'latin1');
  head.write('\n', 9 + length, 'latin1');
  return head;
}

function parseHeader(bytes: Uint8Array, where: string) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length === 0) throw new UserError(`${where}: is empty; expected a NumPy array.`);
  if (buffer.length < 10 || buffer.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw new UserError(`${where}: is not a NumPy array file (.npy); save one with numpy.save.`);
  const major = buffer[6]!;
  if (major < 1 || major > 3) throw new UserError(`${where}: has NPY version ${major}; expected 1 to 3.`);
  const lengthBytes = major === 1 ? 2 : 4;
  const length = buffer.length < 12 ? 0 : buffer.readUIntLE(8, lengthBytes);
  const start = buffer.length < 12 ? Infinity : 8 + lengthBytes + length;
  if (length > npyHeaderBytes)
    throw new UserError(`${where}: has a header of ${length} bytes; expected at most ${npyHeaderBytes}.`);
  if (start > buffer.length) throw new UserError(`${where}: is cut off within its header.`);
  const text = buffer.toString(major === 3 ? 'utf8' : 'latin1', 8 + lengthBytes, start);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (/'descr'\s*:\s*\[/.test(text))
    throw new UserError(`${where}: holds records with named fields; expected one array of numbers.`);
  if (descr === undefined || fortran === undefined || tuple === undefined)
    throw new UserError(`${where}: its NPY header cannot be read; expected descr, fortran_order and shape.`);
  const shape = tuple
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  if (shape.length > mostAxes)
    throw new UserError(`${where}: has ${shape.length} axes; expected at most ${mostAxes}.`);
  if (!shape.every(Number.isSafeInteger)) throw new UserError(`${where}: has no valid shape (${tuple}).`);
  return { descr, fortran: fortran === 'True', shape, start };
}

/** As in NumPy 2. */
const mostAxes = 64;

function descrOf(data: NpyData): string {
  if (data instanceof Float32Array) return '<f4';
  if (data instanceof Float64Array) return '<f8';
  if (data instanceof Uint8Array) return '|u1';
  if (data instanceof Int8Array) return '|i1';
  if (data instanceof Int16Array) return '<i2';
  if (data instanceof Uint16Array) return '<u2';
  if (data instanceof Int32Array) return '<i4';
  if (data instanceof Uint32Array) return '<u4';
  return data instanceof BigInt64Array ? '<i8' : '<u8';
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** Column-major values in row-major order. */
function toRowMajor<A extends NpyData>(data: A, shape: readonly number[]): A {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  return gather(data, { shape, strides }, data.slice() as A);
}
