/** Tensors as the planes that a canvas shows. */
import { sizeOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';

export interface Plane {
  width: number;
  height: number;
  values: Float32Array;
}

interface Tensor {
  shape: number[];
  data?: Float32Array;
}

/** [H, W, C] to C planes; [D] to one row. `limit` planes at most, starting with `offset`. */
export function planesOf(tensor: Tensor, limit = Infinity, offset = 0): Plane[] {
  const { shape, data } = tensor;
  if (!data) return [];
  if (shape.length !== 3) return [{ width: data.length, height: 1, values: data }];
  const [height, width, channels] = shape as [number, number, number];
  const planes: Plane[] = [];
  for (let c = offset; c < Math.min(channels, offset + limit); c++) {
    const values = new Float32Array(height * width);
    for (let i = 0; i < values.length; i++) values[i] = data[i * channels + c]!;
    planes.push({ width, height, values });
  }
  return planes;
}

/** Element `index` of an array [n, …], as a tensor of the rest of the shape. */
export function item(tensor: { shape: number[]; data: Float32Array }, index: number) {
  const shape = tensor.shape.slice(1);
  const size = sizeOf(shape);
  return { shape, data: tensor.data.subarray(index * size, (index + 1) * size) };
}

/** A table of examples [rows, columns, …] as one list of them. */
export function flat({ shape, data }: { shape: number[]; data: Float32Array }) {
  const [rows = 0, columns = 0, ...event] = shape;
  return { shape: [rows * columns, ...event], data };
}

/** Planes side by side in a grid that is as square as it gets: one picture of all channels. */
export function tile(planes: Plane[]): Plane {
  const first = planes[0];
  if (!first) return { width: 1, height: 1, values: new Float32Array([NaN]) };
  if (planes.length === 1) return first;
  const columns = Math.ceil(Math.sqrt(planes.length));
  const rows = Math.ceil(planes.length / columns);
  const width = columns * first.width;
  const values = new Float32Array(width * rows * first.height);
  planes.forEach((plane, p) => {
    const left = (p % columns) * first.width;
    const top = Math.floor(p / columns) * first.height;
    for (let y = 0; y < first.height; y++)
      values.set(plane.values.subarray(y * first.width, (y + 1) * first.width), (top + y) * width + left);
  });
  return { width, height: rows * first.height, values };
}

export function finiteExtent(values: Iterable<number>): { low: number; high: number } | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : undefined;
}

export function largest(...arrays: (ArrayLike<number> | undefined)[]): number {
  let size = 0;
  for (const array of arrays) {
    if (!array) continue;
    for (let i = 0; i < array.length; i++) {
      const value = Math.abs(array[i]!);
      if (Number.isFinite(value) && value > size) size = value;
    }
  }
  return size;
}

export type PixelRange = readonly [black: number, white: number];

/** Pixels are 0 to the last level, unless the model says otherwise. */
export function pixelRange({ pixels, levels = 256 }: ModelSummary): PixelRange {
  return pixels ?? [0, levels - 1];
}
