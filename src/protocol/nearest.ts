/** The training examples that are most like an example: does the flow copy its data? */
import type { ExampleRef } from './selection';
import type { NdArray } from './tensors';

/**
 * Where distances are measured, Euclidean in both. `data`: images by their integer pixels over (levels − 1), so that
 * each is in [0, 1]; vectors by coordinates over the deviations that the flow standardizes them with, where it does.
 * `latent`: z.
 */
export type NearestSpace = 'data' | 'latent';

export interface NearestQuery {
  example: ExampleRef;
  space: NearestSpace;
  count: number;
  /** Training examples to look at, from the first on; fewer are where the engine's limit or the data end. */
  most: number;
}

export interface NearestExamples {
  /** The example itself in data units, padding cut off. */
  example: NdArray<Float32Array>;
  /** In the training data, nearest first. The example itself is never among them. */
  indices: Int32Array;
  distances: Float32Array;
  /** The examples in data units, [n, …]. */
  values: NdArray<Float32Array>;
  /** −ln p in nats, and bits/dim for images. */
  nats: Float32Array;
  bitsPerDim?: Float32Array;
  /** Training examples that were looked at, the largest number that ever is, and how many there are. */
  looked: number;
  limit: number;
  total: number;
  /** Distances of some examples held out to the nearest of those looked at, ascending: what is usual for new data. */
  usual: Float32Array;
}
