import * as tf from '@tensorflow/tfjs-core';

/** −x₁⁴ + 6x₁² + x₁/2 − x₂²/2, summed over pairs of neighbors. */
export function manyWell(x: tf.Tensor2D): tf.Tensor1D {
  const wells = x.shape[1] / 2;
  const pairs = tf.reshape(x, [-1, wells, 2]);
  const first = tf.slice(pairs, [0, 0, 0], [-1, wells, 1]);
  const second = tf.slice(pairs, [0, 0, 1], [-1, wells, 1]);
  const square = tf.square(first);
  const well = tf.add(tf.mul(square, tf.sub(6, square)), tf.mul(first, 0.5));
  return tf.sum(tf.sub(well, tf.mul(tf.square(second), 0.5)), [1, 2]);
}
