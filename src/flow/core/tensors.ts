/** Small helpers over tensors with a leading batch axis. */
import { invertOrder, range } from '../../base/order';
import type { Mask } from './masks';
import { named } from './scope';

import * as tf from '@tensorflow/tfjs-core';

/**
 * Takes each index of the axis once. TensorFlow.js's own gradient of a gather adds into segments between two transposes,
 * since it has to expect that an index is taken twice.
 */
export function reorder(x: tf.Tensor, order: readonly number[], axis: number): tf.Tensor {
  return tf.customGrad((input) => ({
    value: take(input as tf.Tensor, order, axis),
    gradFunc: (dy: tf.Tensor) => take(dy, invertOrder(order), axis),
  }))(x);
}

/** Some indices of an axis, any number of times. */
export const take = (x: tf.Tensor, indices: readonly number[], axis: number): tf.Tensor =>
  tf.gather(x, tf.tensor1d([...indices], 'int32'), axis);

/**
 * Sum over axes. Its gradient is spread by broadcasting; TensorFlow.js's own multiplies by an array of ones as large as
 * x, which costs memory and time both when traced and when run.
 */
export function sumOver(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return tf.customGrad((input) => ({
    value: tf.sum(input as tf.Tensor, [...axes]),
    gradFunc: (dy: tf.Tensor) => tf.broadcastTo(tf.reshape(dy, kept), x.shape),
  }))(x);
}

/** Mean over axes of a tensor whose shape is known. */
export function meanOver(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  return tf.mul(sumOver(x, axes), 1 / count);
}

/** [N, …, C] → [N, …, 1]. @param divisor another one than C */
export const meanOfLast = (x: tf.Tensor, divisor = x.shape.at(-1)!): tf.Tensor =>
  tf.reshape(tf.mul(sumOver(x, [x.rank - 1]), 1 / divisor), [-1, ...x.shape.slice(1, -1), 1]);

/** [N, …] → [N]: sum over everything but the batch. */
export function sumPerExample(x: tf.Tensor): tf.Tensor {
  return sumOver(x, range(x.rank).slice(1));
}

/** A mask and its complement with a leading axis of 1, so that they broadcast over the batch. */
export function maskTensors(mask: Mask): { conditions: tf.Tensor; moves: tf.Tensor } {
  const shape = [1, ...mask.shape];
  const moved = mask.data.map((bit) => 1 - bit);
  return {
    conditions: named('identity_mask', tf.tensor(mask.data, shape)),
    moves: named('transformed_mask', tf.tensor(moved, shape)),
  };
}

/** By Horner's scheme. @param coefficients of the highest power first */
export function polynomial(coefficients: readonly number[], x: tf.Tensor): tf.Tensor {
  const [highest, ...others] = coefficients as [number, ...number[]];
  return others.reduce<tf.Tensor>((sum, c) => tf.add(tf.mul(sum, x), c), tf.fill(x.shape, highest));
}

/** All axes but the last: those that channel statistics are taken over. */
export function channelAxes(x: tf.Tensor): number[] {
  return range(x.rank - 1);
}

/** What is computed of x and does not change with it, but for jumps: comparisons have no gradient. */
export function withoutGradient(x: tf.Tensor, compute: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((input) => ({
    value: compute(input as tf.Tensor),
    gradFunc: () => tf.zerosLike(input as tf.Tensor),
  }))(x);
}
