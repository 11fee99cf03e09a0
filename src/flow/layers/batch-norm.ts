/**
 * Batch normalization as a bijection (paper, section 3.7 and appendix E): y = (x − μ) / √(σ² + ε), with log-det
 * −½ Σ ln(σ² + ε). Only the elements that a mask says move are normalized and counted. Whose statistics μ and σ² are is
 * in batch-statistics.ts. No gain and bias: the next coupling has them.
 */
import * as tf from '@tensorflow/tfjs-core';
import { movedPositions, runningStatistics, statisticsOf, statisticsState } from '../core/batch-statistics';
import { type Bijection, keepingShape } from '../core/bijection';
import type { Mask } from '../core/masks';
import { named } from '../core/scope';
import type { NormOptions } from '../core/spec';
import { maskTensors } from '../core/tensors';

export interface FlowNormOptions extends NormOptions {
  name: string;
  shape: readonly number[];
  /** Elements that condition pass through; all are normalized without a mask. */
  mask?: Mask;
}

export function flowNorm(options: FlowNormOptions): Bijection {
  const { name, shape, mask, epsilon } = options;
  const positions = movedPositions(shape, mask);

  const logDetOf = (varianceEps: tf.Tensor): tf.Tensor =>
    tf.mul(tf.sum(tf.mul(tf.log(varianceEps), tf.tensor1d(positions))), -0.5);

  const onlyMoved = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
    if (!mask) return y;
    const { conditions, moves } = maskTensors(mask);
    return tf.add(tf.mul(x, conditions), tf.mul(y, moves));
  };

  return {
    ...keepingShape(name, shape),
    state: statisticsState(name, positions.length),
    forward(ctx, x) {
      const { mean, variance } = statisticsOf(ctx, name, x, mask, options);
      const varianceEps = named('variance', tf.add(variance, epsilon));
      ctx.tap?.(`${name}/mean`, mean);
      ctx.tap?.(`${name}/variance`, varianceEps);
      return {
        value: onlyMoved(x, tf.mul(tf.sub(x, mean), tf.rsqrt(varianceEps))),
        logDet: logDetOf(varianceEps),
      };
    },
    inverse(ctx, y) {
      if (ctx.training) throw new Error(`${name}: the inverse of batch normalization needs evaluation mode`);
      const { mean, variance } = runningStatistics(ctx, name);
      const varianceEps = named('variance', tf.add(variance, epsilon));
      const x = tf.add(tf.mul(y, tf.sqrt(varianceEps)), mean);
      return { value: onlyMoved(y, x), logDet: tf.neg(logDetOf(varianceEps)) };
    },
  };
}
