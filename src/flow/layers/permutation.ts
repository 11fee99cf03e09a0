/** A fixed permutation of features or channels (last axis); log-det 0. */
import * as tf from '@tensorflow/tfjs-core';
import { keepingShape, type Bijection } from '../core/bijection';
import { invertOrder } from '../../base/order';
import { reorder } from '../core/tensors';

/** @param shape without the batch axis; its last entry is `order.length`. */
export function permutation(name: string, shape: readonly number[], order: readonly number[]): Bijection {
  const inverse = invertOrder(order);
  const gather = (x: tf.Tensor, indices: readonly number[]) => ({
    value: reorder(x, indices, shape.length),
    logDet: tf.scalar(0),
  });
  return {
    ...keepingShape(name, shape),
    preservesVolume: true,
    mixes: true,
    forward: (_, x) => gather(x, order),
    inverse: (_, y) => gather(y, inverse),
  };
}
