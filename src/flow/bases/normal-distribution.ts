/** The distribution function of N(0, 1) and its inverse, as ops. */
import * as tf from '@tensorflow/tfjs-core';
import { polynomial } from '../core/tensors';

/** P(Z ≤ z). */
export function normalProbability(z: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(z, Math.SQRT1_2)), 1), 0.5);
}

/**
 * The z with P(Z ≤ z) = p, by the inverse of the error function (M. Giles, "Approximating the erfinv function", 2010;
 * float32). As far as float32 tells p from 0 and 1: within ±5.4.
 */
export function normalQuantile(p: tf.Tensor): tf.Tensor {
  // 2p − 1 as far as erfinv is finite.
  const x = tf.clipByValue(tf.sub(tf.mul(p, 2), 1), -1 + 2 ** -23, 1 - 2 ** -23);
  const w = tf.neg(tf.log(tf.mul(tf.sub(1, x), tf.add(1, x))));
  const central = polynomial(
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ],
    tf.sub(w, 2.5),
  );
  const tails = polynomial(
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ],
    tf.sub(tf.sqrt(tf.maximum(w, 1e-6)), 3),
  );
  return tf.mul(tf.mul(tf.where(tf.less(w, 5), central, tails), x), Math.SQRT2);
}
