/** Reordering along one axis, with the gradient that a permutation has: the reverse order. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { invertOrder } from '../../base/order';

/**
 * Takes each index of the axis once. TensorFlow.js's own gradient of a gather adds into segments between two transposes,
 * since it has to expect that an index is taken twice.
 */
export function reorder(x: Tensor, order: readonly number[], axis: number): Tensor {
  const take = (t: Tensor, indices: readonly number[]): Tensor =>
    tf.gather(t, tf.tensor1d([...indices], 'int32'), axis);
  return tf.customGrad((input) => ({
    value: take(input as Tensor, order),
    gradFunc: (dy: Tensor) => take(dy, invertOrder(order)),
  }))(x);
}
