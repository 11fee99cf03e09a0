/**
 * Batch normalization as a bijection (paper, section 3.7 and appendix E): y = (x − μ) / √(σ² + ε), with log-det
 * −½ Σ ln(σ² + ε). Only the elements that a mask says move are normalized and counted. Training uses the batch's biased
 * statistics over those elements (the released code counts the masked-out zeros too; we do not), evaluation the running
 * ones. No gain and bias: the next coupling has them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext } from './bijection';
import type { Mask } from './masks';
import { channelAxes, maskTensors, meanOver, sumOver } from './tensors';

/** ε of the authors' released code. */
export const flowNormEpsilon = 1e-4;

export interface FlowNormOptions {
  name: string;
  shape: readonly number[];
  /** Elements that condition pass through; all are normalized without a mask. */
  mask?: Mask;
  /** Share of the new batch in the running statistics. */
  decay: number;
}

/** Moved elements of each channel (last axis): how often its variance counts in one example's log-det. */
function movedPositions(shape: readonly number[], mask: Mask | undefined): Float32Array {
  const channels = shape[shape.length - 1]!;
  const counts = new Float32Array(channels);
  const total = shape.reduce((a, b) => a * b, 1);
  for (let i = 0; i < total; i++) counts[i % channels]! += mask ? 1 - mask.data[i]! : 1;
  return counts;
}

export function flowNorm({ name, shape, mask, decay }: FlowNormOptions): Bijection {
  const channels = shape[shape.length - 1]!;
  const positions = movedPositions(shape, mask);
  const meanName = `${name}.mean`;
  const varianceName = `${name}.variance`;

  const batchStatistics = (x: Tensor): { mean: Tensor; variance: Tensor } => {
    const axes = channelAxes(x);
    if (!mask) {
      const mean = meanOver(x, axes);
      return { mean, variance: meanOver(tf.square(tf.sub(x, mean)), axes) };
    }
    const { moves } = maskTensors(mask);
    const perBatch = tf.tensor1d(positions.map((n) => 1 / (Math.max(n, 1) * x.shape[0])));
    const mean = tf.mul(sumOver(tf.mul(x, moves), axes), perBatch);
    const variance = tf.mul(sumOver(tf.mul(tf.square(tf.sub(x, mean)), moves), axes), perBatch);
    return { mean, variance };
  };

  const statistics = (ctx: FlowContext, x: Tensor): { mean: Tensor; variance: Tensor } => {
    if (!ctx.training) return { mean: ctx.get(meanName), variance: ctx.get(varianceName) };
    const batch = batchStatistics(x);
    for (const [entry, value] of [
      [meanName, batch.mean],
      [varianceName, batch.variance],
    ] as const) {
      ctx.update(entry, tf.add(tf.mul(ctx.get(entry), 1 - decay), tf.mul(value, decay)));
    }
    return batch;
  };

  const logDetOf = (varianceEps: Tensor): Tensor =>
    tf.mul(tf.sum(tf.mul(tf.log(varianceEps), tf.tensor1d(positions))), -0.5);

  const onlyMoved = (x: Tensor, y: Tensor): Tensor => {
    if (!mask) return y;
    const { conditions, moves } = maskTensors(mask);
    return tf.add(tf.mul(x, conditions), tf.mul(y, moves));
  };

  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [],
    state: [
      { name: meanName, shape: [channels], value: 0 },
      { name: varianceName, shape: [channels], value: 1 },
    ],
    forward(ctx, x) {
      const { mean, variance } = statistics(ctx, x);
      const varianceEps = tf.add(variance, flowNormEpsilon);
      ctx.tap?.(`${name}/mean`, mean);
      ctx.tap?.(`${name}/variance`, varianceEps);
      return {
        value: onlyMoved(x, tf.mul(tf.sub(x, mean), tf.rsqrt(varianceEps))),
        logDet: logDetOf(varianceEps),
      };
    },
    inverse(ctx, y) {
      if (ctx.training) throw new Error(`${name}: the inverse of batch normalization needs evaluation mode`);
      const varianceEps = tf.add(ctx.get(varianceName), flowNormEpsilon);
      const x = tf.add(tf.mul(y, tf.sqrt(varianceEps)), ctx.get(meanName));
      return { value: onlyMoved(y, x), logDet: tf.neg(logDetOf(varianceEps)) };
    },
  };
}
