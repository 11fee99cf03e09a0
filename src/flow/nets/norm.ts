/**
 * Batch normalization inside a conditioner: gain and bias per channel, biased batch statistics in training. Taps what
 * arrives as `NAME/normed`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FlowContext, ParameterSpec, StateSpec } from '../bijection';
import { ones, zeros } from '../init';
import { channelAxes, meanOver } from '../tensors';

export interface Norm {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  apply(ctx: FlowContext, x: Tensor): Tensor;
}

export interface NormOptions {
  name: string;
  channels: number;
  /** Share of the new batch in the running statistics. */
  decay: number;
  /** Added to the variance. */
  epsilon: number;
  /** Without it only a bias is learned (authors' released code). */
  gain?: boolean;
}

export function norm({ name, channels, decay, epsilon, gain = true }: NormOptions): Norm {
  const gainName = `${name}.gain`;
  const bias = `${name}.bias`;
  const meanName = `${name}.mean`;
  const varianceName = `${name}.variance`;
  return {
    parameters: [
      ...(gain ? [{ name: gainName, shape: [channels], init: ones, decay: false }] : []),
      { name: bias, shape: [channels], init: zeros, decay: false },
    ],
    state: [
      { name: meanName, shape: [channels], value: 0 },
      { name: varianceName, shape: [channels], value: 1 },
    ],
    apply(ctx, x) {
      ctx.tap?.(`${name}/normed`, x);
      let mean = ctx.get(meanName);
      let variance = ctx.get(varianceName);
      if (ctx.training) {
        const axes = channelAxes(x);
        const running = { mean, variance };
        mean = meanOver(x, axes);
        variance = meanOver(tf.square(tf.sub(x, mean)), axes);
        ctx.tap?.(`${name}/batchMean`, mean);
        ctx.tap?.(`${name}/batchVariance`, variance);
        ctx.update(meanName, tf.add(tf.mul(running.mean, 1 - decay), tf.mul(mean, decay)));
        ctx.update(varianceName, tf.add(tf.mul(running.variance, 1 - decay), tf.mul(variance, decay)));
      }
      // One multiplication and one addition over x: in evaluation both factors are constants that fold away.
      const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
      const factor = gain ? tf.mul(ctx.get(gainName), inverseStd) : inverseStd;
      return tf.add(tf.mul(x, factor), tf.sub(ctx.get(bias), tf.mul(mean, factor)));
    },
  };
}

/** Stands in where a config turns normalization off. */
export const noNorm: Norm = { parameters: [], state: [], apply: (_, x) => x };
