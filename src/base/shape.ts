/** Arithmetic on shapes. */

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** A row along the last axis: a view of the values, counted over all axes before it. */
export function rowOf(
  { shape, data }: { shape: readonly number[]; data: Float32Array },
  row: number,
): Float32Array {
  const columns = shape.at(-1)!;
  return data.subarray(row * columns, (row + 1) * columns);
}
