/**
 * Averages over a batch of any size, of which several processes may each have a part. They are kernels that only printed
 * programs have: the engine's own graphs are traced for the size of their batch.
 */
import * as tf from '@tensorflow/tfjs-core';

export const batchMean = 'BatchMean';
export const batchSize = 'BatchSize';

export interface WholeBatch {
  /** x [N, …, C] → [C]: over all examples and all axes but the last. */
  mean(x: tf.Tensor): tf.Tensor;
  /** Examples in the batch that x is of, a scalar. */
  size(x: tf.Tensor): tf.Tensor;
}

export const wholeBatch: WholeBatch = {
  mean: (x) => tf.engine().runKernel<tf.Tensor>(batchMean, { x }),
  size: (x) => tf.engine().runKernel<tf.Tensor>(batchSize, { x }),
};
