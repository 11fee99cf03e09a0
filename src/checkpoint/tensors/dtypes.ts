/** Types of stored numbers by the names that safetensors gives them, and their conversion to float32. */
import { UserError } from '../../base/user-error';
import { fromE4m3, fromHalf } from '../../files/half';

/** By the bytes of one value. Types without a reader are here too: files that hold them can still be listed. */
const byBytes: Readonly<Record<number, readonly string[]>> = {
  16: ['C128'],
  8: ['F64', 'I64', 'U64', 'C64'],
  4: ['F32', 'I32', 'U32'],
  2: ['F16', 'BF16', 'I16', 'U16'],
  1: ['I8', 'U8', 'BOOL', 'F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ', 'F8_E8M0'],
};

/** Bytes of one value. */
export const itemBytes: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(byBytes).flatMap(([bytes, dtypes]) => dtypes.map((dtype) => [dtype, Number(bytes)])),
);

/** Floats that are stored with fewer bits than they are computed with, as PyTorch names them. */
export const shortFloats: Readonly<Record<string, string>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
};

/** The name for a type of NumPy, given as its kind and bytes, such as `f4`. */
export const numpyTypes: Readonly<Record<string, string>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
};

/** In place, where values are stored in the other order of bytes. @param item bytes of a value */
export function swapBytes(bytes: Uint8Array, item: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (item === 2) buffer.swap16();
  else if (item === 4) buffer.swap32();
  else if (item === 8) buffer.swap64();
}

const readers: Readonly<Record<string, (buffer: ArrayBuffer) => Float32Array>> = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => new Float32Array(new Float64Array(buffer)),
  F16: (buffer) => mapped(new Uint16Array(buffer), fromHalf),
  // The upper half of a float32.
  BF16: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer),
  F8_E4M3: (buffer) => mapped(new Uint8Array(buffer), fromE4m3),
  // The upper half of a float16.
  F8_E5M2: (buffer) => mapped(new Uint8Array(buffer), (byte) => fromHalf(byte << 8)),
  I64: (buffer) => mapped(new BigInt64Array(buffer), Number),
  U64: (buffer) => mapped(new BigUint64Array(buffer), Number),
  I32: (buffer) => new Float32Array(new Int32Array(buffer)),
  U32: (buffer) => new Float32Array(new Uint32Array(buffer)),
  I16: (buffer) => new Float32Array(new Int16Array(buffer)),
  U16: (buffer) => new Float32Array(new Uint16Array(buffer)),
  I8: (buffer) => new Float32Array(new Int8Array(buffer)),
  U8: (buffer) => new Float32Array(new Uint8Array(buffer)),
  BOOL: (buffer) => truths(new Uint8Array(buffer)),
};

/**
 * Stored bytes as float32: other floats rounded to the nearest, integers exactly where float32 holds them.
 * @param bytes in the order of this machine, aligned to the type
 * @param where the file and the tensor, for messages
 * @throws UserError for a type that has no reader
 */
export function toFloat32(buffer: ArrayBuffer, dtype: string, where: string): Float32Array {
  const read = Object.hasOwn(readers, dtype) ? readers[dtype] : undefined;
  if (!read) throw noReader(dtype, where);
  return read(buffer);
}

/** A tenth of the time of `Float32Array.from`, which goes through an iterator. */
function mapped<T>(values: ArrayLike<T>, map: (value: T) => number): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = map(values[i]!);
  return out;
}

/** A loop of its own: masks are large, and `mapped` is slow where it is given many functions. */
function truths(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = bytes[i] === 0 ? 0 : 1;
  return out;
}

export function noReader(dtype: string, where: string): UserError {
  const what = dtype.startsWith('F8')
    ? '8-bit floats of another kind'
    : dtype.startsWith('C')
      ? 'complex numbers'
      : dtype.startsWith('Q')
        ? 'quantized numbers'
        : 'numbers of an unknown type';
  return new UserError(
    `${where}: contains ${what} (${dtype}), which Flowscope cannot read. Convert the tensors to float32 and save them again: ` +
      `{name: tensor.dequantize().float() if tensor.is_quantized else tensor.float() for name, tensor in state.items()}.`,
  );
}
