/** NumPy's numbers and arrays in a pickle, and JAX's, which are stored as NumPy's. */
import { sizeOf, stridesOf } from '../../base/shape';
import { itemBytes, numpyTypes } from '../tensors/dtypes';
import { PickleError } from '../pickle/pickle';
import { createTensor, isSizes, Storage, type Tensor } from './tensor';

/** A type such as `f8`. */
export class NumpyType {
  constructor(
    readonly code: string,
    public littleEndian = true,
  ) {}
}

/** An array, which its state fills after it was made. */
export class NumpyArray {
  tensor: Tensor | undefined;
}

const wrong = () => new PickleError('a numpy array in it has a state that is not known');

/**
 * @param shape of the array @param bytes its values
 * @param columnMajor whether the first axis varies fastest
 * @throws PickleError when the number of bytes does not match the shape, or the values are not plain numbers
 */
export function numpyTensor(shape: unknown, type: unknown, columnMajor: boolean, bytes: unknown): Tensor {
  if (!(type instanceof NumpyType) || !Array.isArray(shape)) throw wrong();
  const dtype = Object.hasOwn(numpyTypes, type.code) ? numpyTypes[type.code] : undefined;
  if (dtype === undefined || !(bytes instanceof Uint8Array))
    throw new PickleError(`a numpy array of type "${type.code.slice(0, 20)}" in it is not of plain numbers`);
  const item = itemBytes[dtype]!;
  if (!isSizes(shape)) throw wrong();
  const strides = columnMajor ? stridesOf(shape.toReversed()).reverse() : stridesOf(shape);
  const count = sizeOf(shape);
  if (count * item !== bytes.length) throw new PickleError('a numpy array in it is not as long as its shape');
  const storage = new Storage('', dtype, count, { bytes, littleEndian: type.littleEndian });
  return createTensor(storage, 0, shape, strides, undefined, item);
}

/** The state that fills an array: (version, shape, type, is column-major, bytes). */
export function fillArray(array: NumpyArray, state: unknown): void {
  if (!Array.isArray(state) || state.length !== 5) throw wrong();
  const [, shape, type, columnMajor, bytes] = state as unknown[];
  array.tensor = numpyTensor(shape, type, columnMajor === true || columnMajor === 1, bytes);
}

/** By code. */
const scalars: Readonly<Record<string, (view: DataView, littleEndian: boolean) => number | boolean>> = {
  f8: (view, littleEndian) => view.getFloat64(0, littleEndian),
  f4: (view, littleEndian) => view.getFloat32(0, littleEndian),
  i8: (view, littleEndian) => Number(view.getBigInt64(0, littleEndian)),
  u8: (view, littleEndian) => Number(view.getBigUint64(0, littleEndian)),
  i4: (view, littleEndian) => view.getInt32(0, littleEndian),
  u4: (view, littleEndian) => view.getUint32(0, littleEndian),
  i2: (view, littleEndian) => view.getInt16(0, littleEndian),
  u2: (view, littleEndian) => view.getUint16(0, littleEndian),
  i1: (view) => view.getInt8(0),
  u1: (view) => view.getUint8(0),
  b1: (view) => view.getUint8(0) !== 0,
};

/** A single number, such as a loss. @throws PickleError when it is not a number */
export function numpyScalar(type: unknown, bytes: unknown): number | boolean {
  if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array))
    throw new PickleError('a numpy number in it has arguments that are not known');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { code, littleEndian } = type;
  if (bytes.length !== Number(/^[fiub](\d)$/.exec(code)?.[1]))
    throw new PickleError(`a numpy value of type "${code.slice(0, 20)}" in it is not a plain number`);
  const read = scalars[code];
  if (!read) throw new PickleError(`a numpy value of type "${code}" in it is not a plain number`);
  return read(view, littleEndian);
}
