import * as tf from '@tensorflow/tfjs-core';

/** v ~ N(0, 3²), the first feature, and N(0, eᵛ) in each other one. */
export function funnel(x: tf.Tensor2D): tf.Tensor1D {
  const others = x.shape[1] - 1;
  const v = tf.slice(x, [0, 0], [-1, 1]);
  const rest = tf.sum(tf.square(tf.slice(x, [0, 1], [-1, others])), 1, true);
  const constant = -0.5 * (others + 1) * Math.log(2 * Math.PI) - Math.log(3);
  const terms = [tf.div(tf.square(v), 9), tf.mul(v, others), tf.mul(rest, tf.exp(tf.neg(v)))] as const;
  return tf.reshape(tf.sub(constant, tf.mul(tf.add(tf.add(terms[0], terms[1]), terms[2]), 0.5)), [-1]);
}
