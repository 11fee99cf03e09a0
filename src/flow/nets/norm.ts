/** Batch normalization inside a conditioner: gain and bias per channel, biased batch statistics in training. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FlowContext, ParameterSpec, StateSpec } from '../bijection';
import { ones, zeros } from '../init';
import { channelAxes, meanOver } from '../tensors';

/** ε of PyTorch's batch norm, which the public reproductions use inside their conditioners. */
const epsilon = 1e-5;

export interface Norm {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  apply(ctx: FlowContext, x: Tensor): Tensor;
}

export function norm(name: string, channels: number, decay: number): Norm {
  const gain = `${name}.gain`;
  const bias = `${name}.bias`;
  const meanName = `${name}.mean`;
  const varianceName = `${name}.variance`;
  return {
    parameters: [
      { name: gain, shape: [channels], init: ones, decay: false },
      { name: bias, shape: [channels], init: zeros, decay: false },
    ],
    state: [
      { name: meanName, shape: [channels], value: 0 },
      { name: varianceName, shape: [channels], value: 1 },
    ],
    apply(ctx, x) {
      let mean = ctx.get(meanName);
      let variance = ctx.get(varianceName);
      if (ctx.training) {
        const axes = channelAxes(x);
        const running = { mean, variance };
        mean = meanOver(x, axes);
        variance = meanOver(tf.square(tf.sub(x, mean)), axes);
        ctx.update(meanName, tf.add(tf.mul(running.mean, 1 - decay), tf.mul(mean, decay)));
        ctx.update(varianceName, tf.add(tf.mul(running.variance, 1 - decay), tf.mul(variance, decay)));
      }
      // One multiplication and one addition over x: in evaluation both factors are constants that fold away.
      const factor = tf.mul(ctx.get(gain), tf.rsqrt(tf.add(variance, epsilon)));
      return tf.add(tf.mul(x, factor), tf.sub(ctx.get(bias), tf.mul(mean, factor)));
    },
  };
}

/** Stands in where a config turns normalization off. */
export const noNorm: Norm = { parameters: [], state: [], apply: (_, x) => x };
