/** One parameter's step of Adam as a single kernel, so that a backend with a fused one can use it. */
import * as tf from '@tensorflow/tfjs-core';
import { metaBackendName } from './meta-backend';

export interface AdamInputs {
  param: tf.Tensor;
  /** First and second moment, shaped as the parameter. */
  m: tf.Tensor;
  v: tf.Tensor;
  gradient: tf.Tensor;
  /** Scalars. The powers are beta^t, where t counts from 1 and includes this step. */
  learningRate: tf.Tensor;
  beta1Power: tf.Tensor;
  beta2Power: tf.Tensor;
}

export interface AdamConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

type Stepped = [param: tf.Tensor, m: tf.Tensor, v: tf.Tensor];

/**
 * Returns the next [param, m, v], by the semantics of TensorFlow's ResourceApplyAdam (Kingma & Ba 2015, the formulation
 * just before section 2.1: epsilon is added to the square root of the uncorrected second moment).
 */
export function fusedAdam(inputs: AdamInputs, constants: AdamConstants): Stepped {
  if (tf.getBackend() !== metaBackendName) return composedAdam(inputs, constants);
  const next: unknown = tf.engine().runKernel('FusedAdam', { ...inputs }, { ...constants });
  return next as Stepped;
}

/** The same out of elementary ops. */
export function composedAdam(inputs: AdamInputs, constants: AdamConstants): Stepped {
  const { param, gradient, learningRate, beta1Power, beta2Power } = inputs;
  const { beta1, beta2, epsilon } = constants;
  return tf.tidy(() => {
    const rate = tf.div(tf.mul(learningRate, tf.sqrt(tf.sub(1, beta2Power))), tf.sub(1, beta1Power));
    const m = tf.add(inputs.m, tf.mul(tf.sub(gradient, inputs.m), 1 - beta1));
    const v = tf.add(inputs.v, tf.mul(tf.sub(tf.square(gradient), inputs.v), 1 - beta2));
    const next = tf.sub(param, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon)));
    return [next, m, v];
  });
}
