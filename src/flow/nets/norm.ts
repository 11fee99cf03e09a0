/**
 * Batch normalization inside a conditioner: gain and bias per channel, biased batch statistics in training. Taps what
 * arrives as `NAME/normed`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { named, withScope } from '../core/scope';
import { ones, zeros } from '../core/bijection';
import { runningStatistics, statisticsState } from '../core/batch-statistics';
import { normalizeBatch } from './batch-norm-training';
import type { Net } from './conditioner';

export type Norm = Omit<Net, 'steps'>;

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
  return {
    parameters: [
      ...(gain ? [{ name: gainName, shape: [channels], init: ones }] : []),
      { name: bias, shape: [channels], init: zeros },
    ],
    state: statisticsState(name, channels),
    apply(ctx, x) {
      ctx.tap?.(`${name}/normed`, x);
      const { mean, variance } = runningStatistics(ctx, name);
      if (ctx.training) {
        const factors = gain ? ctx.get(gainName) : tf.ones([channels]);
        const batch = normalizeBatch(x, factors, ctx.get(bias), epsilon);
        ctx.tap?.(`${name}/batchMean`, batch.mean);
        ctx.tap?.(`${name}/batchVariance`, batch.variance);
        ctx.update(`${name}.mean`, tf.add(tf.mul(mean, 1 - decay), tf.mul(batch.mean, decay)));
        ctx.update(`${name}.variance`, tf.add(tf.mul(variance, 1 - decay), tf.mul(batch.variance, decay)));
        return batch.y;
      }
      // One multiplication and one addition over x: both factors are constants that fold away.
      return withScope(name, () => {
        const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
        const factor = named('factor', gain ? tf.mul(ctx.get(gainName), inverseStd) : inverseStd);
        return tf.add(tf.mul(x, factor), tf.sub(ctx.get(bias), tf.mul(mean, factor)));
      });
    },
  };
}

/** Stands in where a config turns normalization off. */
export const noNorm: Norm = { parameters: [], state: [], apply: (_, x) => x };
