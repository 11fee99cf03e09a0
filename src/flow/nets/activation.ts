/** Nonlinearities of vector conditioners. */
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationOptions } from '../core/spec';

/** Klambauer et al. 2017, "Self-Normalizing Neural Networks". */
const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** @param slope of leaky-relu below zero; the others do without */
export function activation({ activation: kind, slope }: ActivationOptions): (x: tf.Tensor) => tf.Tensor {
  const functions: Record<ActivationOptions['activation'], (x: tf.Tensor) => tf.Tensor> = {
    relu: tf.relu,
    tanh: tf.tanh,
    'leaky-relu': (x) => tf.leakyRelu(x, slope),
    elu: tf.elu,
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    'hard-silu': (x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)),
    gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    selu(x) {
      const below = tf.sub(tf.exp(tf.minimum(x, 0)), 1);
      return tf.mul(tf.add(tf.relu(x), tf.mul(below, seluAlpha)), seluScale);
    },
    sigmoid: tf.sigmoid,
    softplus: tf.softplus,
  };
  return functions[kind];
}

/** Its derivative at x, element by element, written out: TensorFlow.js does not differentiate its own gradients again. */
export function slopeOf({ activation: kind, slope }: ActivationOptions, x: tf.Tensor): tf.Tensor {
  /** The product rule for x·share. */
  const ofProduct = (share: tf.Tensor, slopeOfShare: tf.Tensor): tf.Tensor =>
    tf.add(share, tf.mul(x, slopeOfShare));
  const ofSigmoid = (y: tf.Tensor): tf.Tensor => tf.mul(y, tf.sub(1, y));
  const ofTanh = (y: tf.Tensor): tf.Tensor => tf.sub(1, tf.square(y));
  const ofElu = (): tf.Tensor => tf.add(tf.minimum(tf.elu(x), 0), 1);
  const steps = (below: number, above: number): tf.Tensor => tf.add(tf.mul(tf.step(x), above - below), below);
  const slopes: Record<ActivationOptions['activation'], () => tf.Tensor> = {
    relu: () => tf.step(x),
    tanh: () => ofTanh(tf.tanh(x)),
    'leaky-relu': () => steps(slope, 1),
    elu: ofElu,
    silu() {
      const share = tf.sigmoid(x);
      return ofProduct(share, ofSigmoid(share));
    },
    'hard-silu'() {
      const isInside = tf.mul(tf.step(tf.add(x, 3)), tf.step(tf.sub(3, x)));
      return ofProduct(tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1), tf.mul(isInside, 1 / 6));
    },
    gelu() {
      const share = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return ofProduct(share, density);
    },
    mish() {
      const share = tf.tanh(tf.softplus(x));
      return ofProduct(share, tf.mul(ofTanh(share), tf.sigmoid(x)));
    },
    selu: () => tf.mul(ofElu(), steps(seluScale * seluAlpha, seluScale)),
    sigmoid: () => ofSigmoid(tf.sigmoid(x)),
    softplus: () => tf.sigmoid(x),
  };
  return slopes[kind]();
}
