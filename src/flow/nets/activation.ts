/** Nonlinearities of vector conditioners. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { VectorModelConfig } from '../../config/schema';

/** @param slope of leaky-relu below zero; the others do without */
export function activation({
  activation: kind,
  slope,
}: Pick<VectorModelConfig, 'activation' | 'slope'>): (x: Tensor) => Tensor {
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
  }
}
