/** Layers that mix features or channels by one matrix: the matrix, how it stretches, and where features go through all of them. */
import type { LayerInfo } from './model';
import type { NdArray } from './tensors';

/** Features or channels of a matrix that is shown. */
export const mostMixed = 256;

/** Features whose ways are all shown; of more, the way of one is. */
export const fewMixed = 6;

/** Whether its matrix is shown. */
export function hasMatrix({ mixes, inputShape }: Pick<LayerInfo, 'mixes' | 'inputShape'>): boolean {
  return mixes === true && inputShape.at(-1)! <= mostMixed;
}

export interface MixingQuery {
  layer: number;
  /** Feature or channel whose way is shown where there are more than a few; −1 for the first. */
  feature: number;
}

export interface MixingView {
  layer: number;
  /** [n, n] of y = W·x + b: row i is output i, column j input j. */
  matrix: NdArray<Float32Array>;
  /** WᵀW − I, [n, n]. */
  gram: NdArray<Float32Array>;
  /** Falling. */
  singularValues: Float32Array;
  /** Places that each are mixed by it: pixels of an image, 1 for vectors. */
  places: number;
  /** All mixing layers of this size, from data to latent, this one among them. */
  all: MixingSummary[];
  /**
   * [m + 1, n]: over how many places each feature of the first layer's input is spread before and after each of the m
   * layers, 1 / Σ share²; 1 to n. Of the mixing layers alone.
   */
  spread: NdArray<Float32Array>;
  /** Features whose ways follow: all where there are few. */
  followed: Int32Array;
  /** [followed, m + 1, n]: share of its squared weight that a feature has in each place. */
  shares: NdArray<Float32Array>;
}

export interface MixingSummary {
  layer: number;
  /** ln|det W| at one place, nats; −Infinity where it is singular. */
  logDet: number;
  /** ‖WᵀW − I‖ / √n (Frobenius): 0 where it is orthogonal. */
  distance: number;
}
