/** A part of a layer's tensor that is too large to be sent as a whole. */
import type { Selection } from './selection';
import type { NdArray } from './tensors';

/** Values up to which a tensor comes with its view; of larger ones statistics do, and windows are asked for. */
export const largestWhole = 2 ** 18;

/** Values that a window may have. */
export const largestTensorWindow = 2 ** 16;

/** Asks about the selected example, or the first one of the batch. */
export interface TensorWindowQuery extends Selection {
  layer: number;
  /** As in the view of the layer. */
  tensor: string;
  /** First index and number of indices along each axis, [H, W, C] or [D]. */
  from: number[];
  size: number[];
  /** Each value is the mean of so many places a side; 1 for the values themselves, and for vectors. */
  block: number;
}

export interface TensorWindow extends Omit<TensorWindowQuery, keyof Selection> {
  /** Shape of the whole tensor. */
  shape: number[];
  /** [⌈h / block⌉, ⌈w / block⌉, c] or [d]. A mean over any value that is not finite is not finite. */
  values: NdArray<Float32Array>;
  /** Share that passes unchanged at the same places; for layers with a mask. */
  passes?: Float32Array;
}
