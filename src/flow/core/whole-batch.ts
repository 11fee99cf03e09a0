/**
 * Averages over a batch of any size, of which several processes may each have a part. They are kernels that only printed
 * programs have: the engine's own graphs are traced for the size of their batch.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

export const batchMean = 'BatchMean';
export const batchSize = 'BatchSize';

export interface WholeBatch {
  /** x [N, …, C] → [C]: over all examples and all axes but the last. */
  mean(x: Tensor): Tensor;
  /** Examples in the batch that x is of, a scalar. */
  size(x: Tensor): Tensor;
}

export const wholeBatch: WholeBatch = {
  mean: (x) => tf.engine().runKernel<Tensor>(batchMean, { x }),
  size: (x) => tf.engine().runKernel<Tensor>(batchSize, { x }),
};
