import type { NdArray } from '../../../src/protocol/tensors';

/** Of what has a row for each feature. */
export function rowOf({ shape, data }: NdArray<Float32Array>, row: number): Float32Array {
  return data.subarray(row * shape[1]!, (row + 1) * shape[1]!);
}
