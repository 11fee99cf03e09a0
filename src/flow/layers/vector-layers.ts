/**
 * Batch normalization between the couplings of a vector flow, over all features. Taps `NAME/logDet.norm`, the `NAME/mean` it
 * subtracted and the `NAME/variance` it divided by, ε included, before gain and bias.
 */
import * as tf from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import { runningStatistics, statisticsOf, statisticsState } from '../core/batch-statistics';
import { type Bijection, type FlowContext, keepingShape, zeros } from '../core/bijection';
import type { NormOptions } from '../core/spec';

/** Least gain (nflows). */
const gainFloor = 1e-5;

/**
 * y = w·(x − μ) / √(σ² + ε) + bias with w = softplus(gain) + 1e-5, log-det Σ ln w − ½ Σ ln(σ² + ε) (nflows). nflows
 * also normalizes training batches by their unbiased variance and starts running variances at 0; we start them at 1.
 */
export function batchNormLayer(name: string, dim: number, options: NormOptions): Bijection {
  const gainName = `${name}.gain`;
  const biasName = `${name}.bias`;
  const gainOf = (ctx: FlowContext): tf.Tensor => tf.add(tf.softplus(ctx.get(gainName)), gainFloor);
  const logDetOf = (gain: tf.Tensor, varianceEps: tf.Tensor): tf.Tensor =>
    tf.sum(tf.sub(tf.log(gain), tf.mul(tf.log(varianceEps), 0.5)));
  return {
    ...keepingShape(name, [dim]),
    parameters: [
      // softplus of this is 1 − 1e-5: the gain starts at 1.
      { name: gainName, shape: [dim], init: { kind: 'constant', value: inverseSoftplus(1 - gainFloor) } },
      { name: biasName, shape: [dim], init: zeros },
    ],
    state: statisticsState(name, dim),
    forward(ctx, x) {
      const { mean, variance } = statisticsOf(ctx, name, x, undefined, options);
      const varianceEps = tf.add(variance, options.epsilon);
      const gain = gainOf(ctx);
      const normed = tf.mul(tf.sub(x, mean), tf.mul(gain, tf.rsqrt(varianceEps)));
      const logDet = logDetOf(gain, varianceEps);
      ctx.tap?.(`${name}/mean`, mean);
      ctx.tap?.(`${name}/variance`, varianceEps);
      ctx.tap?.(`${name}/logDet.norm`, logDet);
      return { value: tf.add(normed, ctx.get(biasName)), logDet };
    },
    inverse(ctx, y) {
      if (ctx.training) throw new Error(`${name}: the inverse of batch normalization needs evaluation mode`);
      const { mean, variance } = runningStatistics(ctx, name);
      const varianceEps = tf.add(variance, options.epsilon);
      const gain = gainOf(ctx);
      const back = tf.mul(tf.sub(y, ctx.get(biasName)), tf.div(tf.sqrt(varianceEps), gain));
      return { value: tf.add(back, mean), logDet: tf.neg(logDetOf(gain, varianceEps)) };
    },
  };
}
