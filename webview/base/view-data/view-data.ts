/** The numbers behind a view: what its CSV and its NumPy arrays hold. */
import { sizeOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';
import type { Column } from './csv';
import type { FloatArray } from './npy';

export interface ViewData {
  columns?: Column[];
  arrays?: Record<string, FloatArray>;
}

export function vector(values: ArrayLike<number>): FloatArray {
  return { shape: [values.length], data: Float32Array.from(values) };
}

/** A column for each list that is there. */
export function columnsOf(lists: Record<string, Column['values'] | undefined>): Column[] {
  return Object.entries(lists).flatMap(([name, values]) => (values ? [{ name, values }] : []));
}

export function column(name: string, unit: string, values: number[] | undefined): Column[] {
  return values ? [{ name, unit, values }] : [];
}

export function nameOf(model: ModelSummary, index: number): string {
  return model.layers.find((layer) => layer.index === index)?.name ?? String(index);
}

/** Row, column and channel of every element, or its feature. */
export function places(shape: readonly number[]): Column[] {
  const size = sizeOf(shape);
  const at = (pick: (i: number) => number): number[] => Array.from({ length: size }, (_, i) => pick(i));
  const [, width = 1, depth = 1] = shape;
  return shape.length === 3
    ? [
        { name: 'row', values: at((i) => Math.floor(i / (width * depth))) },
        { name: 'column', values: at((i) => Math.floor(i / depth) % width) },
        { name: 'channel', values: at((i) => i % depth) },
      ]
    : [{ name: 'feature', values: at((i) => i) }];
}

export function rowsOf(name: string, array: FloatArray, axes: number): Column[] {
  const count = sizeOf(array.shape.slice(0, axes));
  return [{ name, values: Array.from({ length: count }, (_, i) => i) }, ...valuesOf(array, axes)];
}

/** One column for each value of an example, the first `axes` axes being rows: by default v0, v1, … in row-major order. */
export function valuesOf(
  { shape, data }: FloatArray,
  axes: number,
  nameOf: (place: number) => string = (place) => `v${place}`,
): Column[] {
  const count = sizeOf(shape.slice(0, axes));
  const size = count === 0 ? 0 : data.length / count;
  return Array.from({ length: size }, (_, k) => ({
    name: nameOf(k),
    values: Array.from({ length: count }, (_, i) => data[i * size + k]),
  }));
}
