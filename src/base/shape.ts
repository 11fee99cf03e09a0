/** Arithmetic on shapes. */

/** Whether a value of a file can be a size or a place. */
export const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

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

/** Row-major values of a shape out of the span that they lie in, in steps of the strides. @param out gets them */
export function gather<A extends Record<number, number | bigint> & { length: number }>(
  span: A,
  { shape, strides }: { shape: readonly number[]; strides: readonly number[] },
  out: A,
): A {
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = span[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** A row along the last axis: a view of the values, counted over all axes before it. */
export function rowOf(
  { shape, data }: { shape: readonly number[]; data: Float32Array },
  row: number,
): Float32Array {
  const columns = shape.at(-1)!;
  return data.subarray(row * columns, (row + 1) * columns);
}
