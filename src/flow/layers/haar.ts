/**
 * Haar wavelets of 2×2 pixels after a channel-major squeeze: of each four channels in a row their mean and three
 * differences (FrEIA's HaarDownsampling). The matrix is ½ times an orthogonal one with entries ±1, times `rebalance`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import { keepingShape, type Bijection } from '../core/bijection';
import type { ImageShape } from './squeeze';

/** Mean, difference of columns, of rows, of diagonals; symmetric, and 4 times its own inverse. */
const wavelets = [
  [1, 1, 1, 1],
  [1, -1, 1, -1],
  [1, 1, -1, -1],
  [1, -1, -1, 1],
];

/** @param shape [H, W, C] with C divisible by 4 */
export function haar(name: string, shape: ImageShape, rebalance: number): Bijection {
  const logDet = sizeOf(shape) * Math.log(rebalance);
  const times = (x: tf.Tensor, factor: number): tf.Tensor => {
    const matrix = tf.tensor2d(wavelets.map((row) => row.map((value) => value * factor)));
    return tf.reshape(tf.matMul(tf.reshape(x, [-1, 4]), matrix), [-1, ...shape]);
  };
  return {
    ...keepingShape(name, shape),
    preservesVolume: rebalance === 1,
    forward: (_, x) => ({ value: times(x, 0.5 * rebalance), logDet: tf.scalar(logDet) }),
    inverse: (_, y) => ({ value: times(y, 0.5 / rebalance), logDet: tf.scalar(-logDet) }),
  };
}
