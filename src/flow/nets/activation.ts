/** Nonlinearities of vector conditioners. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ActivationOptions } from '../core/spec';

/** Klambauer et al. 2017, "Self-Normalizing Neural Networks". */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** @param slope of leaky-relu below zero; the others do without */
export function activation({ activation: kind, slope }: ActivationOptions): (x: Tensor) => Tensor {
  const functions: Record<ActivationOptions['activation'], (x: Tensor) => Tensor> = {
    relu: tf.relu,
    tanh: tf.tanh,
    'leaky-relu': (x) => tf.leakyRelu(x, slope),
    elu: tf.elu,
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    'hard-silu': (x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)),
    gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    selu: (x) => tf.mul(tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), seluAlpha)), seluScale),
    sigmoid: tf.sigmoid,
    softplus: tf.softplus,
  };
  return functions[kind];
}
