/** ∂y/∂x of one layer at one example: whole for vectors, a chosen block for images. */
import type { Selection } from './selection';
import type { NdArray } from './tensors';

/** Elements of vectors up to this size are all shown. */
export const wholeJacobian = 16;
/** Elements of a block, unless the query names another number. */
export const usualBlock = 12;
export const largestJacobianBlock = 32;

export interface JacobianQuery extends Selection {
  layer: number;
  /** Element of the layer's input that a block is picked around; −1 for the first that moves. */
  around: number;
  /** Elements of a block; all where the layer has no more than `wholeJacobian`. */
  count: number;
}

export interface JacobianView {
  layer: number;
  /** Elements of the layer's input and output in rising order: the rows and the columns. */
  elements: Int32Array;
  /** Whether these are all elements of the layer. */
  whole: boolean;
  /** [k, k]: row i, column j is ∂y of element i by ∂x of element j. */
  matrix: NdArray<Float32Array>;
  /** 1 where the element passes through unchanged; absent for layers without a mask. */
  passes?: Uint8Array;
  /** What the layer's own log-derivatives and norm say the diagonal is: e^(ln dy/dx)/σ where values are transformed, else 1. */
  expected?: Float32Array;
  /** ln|det| of the matrix by LU decomposition in float64, nats; −Infinity where it is singular. */
  logDet: number;
  /** Present where the graph has no gradients and the entries are central differences of it. */
  differences?: {
    /** h of (f(x + h) − f(x − h)) / 2h, in the layer's units. */
    step: number;
    /** Largest error of an entry, estimated from above: by its change at 2h, by kinks within, and by rounding. */
    error: number;
  };
  /** What the layer says of these elements: Σ ln dy/dx − Σ ln σ; its own log-det where the matrix is whole. */
  claimed?: number;
}
