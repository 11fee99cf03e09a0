/** Tensors as torch.save writes them: a window of strides into a storage. */
import { isSize, sizeOf, stridesOf } from '../../base/shape';
import { PickleError } from '../pickle/pickle';

/** A run of bytes: of its own entry in the zip file, or in the pickle. */
export class Storage {
  constructor(
    /** Name of the entry below `data/`. */
    readonly key: string,
    /** As safetensors names it; of quantized numbers QINT8, QUINT8, QINT32 …; undefined for bytes without a type. */
    readonly dtype: string | undefined,
    /** Number of values, of bytes without a type. */
    readonly length: number,
    /** Its values, where they are in the pickle itself. */
    public content?: { bytes: Uint8Array; littleEndian: boolean },
  ) {}
}

export class Tensor {
  constructor(
    readonly storage: Storage,
    readonly dtype: string,
    readonly shape: readonly number[],
    /** In values. */
    readonly strides: readonly number[],
    readonly offset: number,
  ) {}
}

const mostDimensions = 64;
/** torch.expand gives tensors with more values than their storage has; more than this is no use and costs memory. */
const largestExpanded = 2 ** 24;

/** Whether a pickle's value is a shape: integers of Python may be larger than a number holds exactly. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= mostDimensions && value.every(isSize);
}

/** @throws PickleError when the arguments are not a tensor or reach beyond the storage */
export function createTensor(
  storage: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  dtype: string | undefined,
  itemBytes: number,
): Tensor {
  if (!(storage instanceof Storage)) throw new PickleError('a tensor in it has no storage');
  if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || strides.length !== shape.length)
    throw new PickleError('a tensor in it has no valid shape');
  const type = dtype ?? storage.dtype;
  if (type === undefined) throw new PickleError('a tensor in it has no type');
  const count = sizeOf(shape);
  const length = storage.dtype === undefined ? Math.floor(storage.length / itemBytes) : storage.length;
  if (count > 0) {
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
    if (last >= length) throw new PickleError('a tensor in it reaches beyond its storage');
  }
  if (count > Math.max(length, largestExpanded))
    throw new PickleError(`a tensor in it has ${count} values in a storage of ${length}`);
  return new Tensor(storage, type, [...shape], [...strides], offset);
}

/** Whether values lie in row-major order without gaps. */
export function isContiguous({ shape, strides }: Pick<Tensor, 'shape' | 'strides'>): boolean {
  return stridesOf(shape).every((step, axis) => shape[axis] === 1 || strides[axis] === step);
}

/** Number of values of the storage from the tensor's first to its last one. */
export function spanOf({ shape, strides }: Pick<Tensor, 'shape' | 'strides'>): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1);
}
