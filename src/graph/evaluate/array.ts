/** Plain arrays for the evaluator. */
import type { NdArray } from '../../protocol/tensors';
import type { ConstantData, DType, TensorType, Shape } from '../ir';
import { sizeOf, stridesOf } from '../../base/shape';

export function emptyData(dtype: DType, size: number): ConstantData {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

export function makeArray(shape: Shape, dtype: DType, at: (index: number) => number): NdArray {
  const data = emptyData(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = at(i);
  return { shape: [...shape], data };
}

/** Calls back with each multi-index of a shape, in row-major order. The same array is passed each time. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const size = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** For each element of a shape, in row-major order, the sum of its indices times the strides. */
export function offsetsOf(shape: Shape, strides: readonly number[]): Int32Array {
  const offsets = new Int32Array(sizeOf(shape));
  const index = new Int32Array(shape.length);
  let at = 0;
  for (let flat = 0; flat < offsets.length; flat++) {
    offsets[flat] = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return offsets;
}

/** Strides of `x` along the axes of a shape that it broadcasts to. */
export function broadcastStrides(x: NdArray, shape: Shape): number[] {
  const strides = stridesOf(x.shape).map((stride, axis) => (x.shape[axis] === 1 ? 0 : stride));
  return [...Array<number>(shape.length - strides.length).fill(0), ...strides];
}

/** A result each of whose elements is copied from one place of `x`. */
export function gatherFrom(
  x: NdArray,
  { shape, dtype }: TensorType,
  place: (index: readonly number[]) => readonly number[] | undefined,
  otherwise = 0,
): NdArray {
  const strides = stridesOf(x.shape);
  const data = emptyData(dtype, sizeOf(shape));
  forEachIndex(shape, (index, flat) => {
    const from = place(index);
    data[flat] = from ? x.data[from.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]! : otherwise;
  });
  return { shape: [...shape], data };
}

/** Reads `x` at an index of a shape that it broadcasts to. */
export function broadcastReader(x: NdArray, shape: Shape): (index: readonly number[]) => number {
  const strides = broadcastStrides(x, shape);
  return (index) => x.data[strides.reduce((sum, stride, axis) => sum + index[axis]! * stride, 0)]!;
}
