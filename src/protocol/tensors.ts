/** Plain tensors that cross process borders. No TensorFlow.js type appears in the protocol. */

import type { TensorRole } from './quantities';

export type NumericArray = Float32Array | Int32Array | Uint8Array;

/** A dense, row-major tensor. `data.length` is the product of `shape`. */
export interface NdArray<A extends NumericArray = NumericArray> {
  shape: number[];
  data: A;
}

/** Facts about a tensor that do not need all of it. Moments are over finite values only. */
export interface TensorStats {
  count: number;
  min: number;
  max: number;
  mean: number;
  std: number;
  nan: number;
  inf: number;
}

/** What a table says of a tensor that is stored in a file; computed of its values as float32. */
export interface TensorStatistics {
  name: string;
  stats?: TensorStats;
  /** Why there are none: the type is not read, the bytes are damaged. */
  problem?: string;
}

export interface Histogram {
  /** bins + 1 ascending edges. */
  edges: number[];
  counts: number[];
}

/** One tensor as a view shows it: shape and statistics always, values when they fit the screen. */
export interface TensorView {
  name: string;
  /** Role of a tensor in its layer. */
  role?: TensorRole;
  shape: number[];
  dtype: string;
  stats: TensorStats;
  histogram: Histogram;
  /** Row-major values; absent when the tensor is larger than the window that was asked for. */
  data?: Float32Array;
}
