/** Nonlinearities of vector conditioners. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ActivationOptions } from '../core/spec';

/** Klambauer et al. 2017, "Self-Normalizing Neural Networks". */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** @param slope of leaky-relu below zero; the others do without */
export function activation({ activation: kind, slope }: ActivationOptions): (x: Tensor) => Tensor {
  switch (kind) {
    case 'relu':
      return tf.relu;
    case 'tanh':
      return tf.tanh;
    case 'leaky-relu':
      return (x) => tf.leakyRelu(x, slope);
    case 'elu':
      return tf.elu;
    case 'silu':
      return (x) => tf.mul(x, tf.sigmoid(x));
    case 'hard-silu':
      return (x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1));
    case 'gelu':
      return (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'mish':
      return (x) => tf.mul(x, tf.tanh(tf.softplus(x)));
    case 'selu':
      return (x) => tf.mul(tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), seluAlpha)), seluScale);
    case 'sigmoid':
      return tf.sigmoid;
    case 'softplus':
      return tf.softplus;
  }
}
