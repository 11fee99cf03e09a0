/**
 * Activation normalization (Kingma and Dhariwal 2018): (x − shift)·e^(−logScale) for each feature or channel, log-det
 * −Σ logScale at each place. Before training, shift and scale are set so that the first batch comes out with mean 0 and
 * deviation 1. Taps `NAME/logDet.norm`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import { type Bijection, type FlowContext, keepingShape, zeros } from '../core/bijection';
import { channelAxes, meanOver } from '../core/tensors';

/** Keeps the scale of a channel that is constant in the first batch finite. */
const leastDeviation = 1e-6;

/** @param shape without the batch axis, channels or features last */
export function actNorm(name: string, shape: readonly number[]): Bijection {
  const scaleName = `${name}.logScale`;
  const shiftName = `${name}.shift`;
  const channels = shape.at(-1)!;
  const places = sizeOf(shape) / channels;

  /** As they are, or as the batch says where the flow is being initialized. */
  const values = (ctx: FlowContext, x: tf.Tensor): { shift: tf.Tensor; logScale: tf.Tensor } => {
    if (!ctx.initialize) return { shift: ctx.get(shiftName), logScale: ctx.get(scaleName) };
    const shift = meanOver(x, channelAxes(x));
    const variance = meanOver(tf.square(tf.sub(x, shift)), channelAxes(x));
    const logScale = tf.log(tf.add(tf.sqrt(variance), leastDeviation));
    ctx.initialize(shiftName, shift);
    ctx.initialize(scaleName, logScale);
    return { shift, logScale };
  };

  return {
    ...keepingShape(name, shape),
    parameters: [
      { name: scaleName, shape: [channels], init: zeros },
      { name: shiftName, shape: [channels], init: zeros },
    ],
    forward(ctx, x) {
      const { shift, logScale } = values(ctx, x);
      const logDet = tf.mul(tf.sum(logScale), -places);
      ctx.tap?.(`${name}/logDet.norm`, logDet);
      return { value: tf.mul(tf.sub(x, shift), tf.exp(tf.neg(logScale))), logDet };
    },
    inverse(ctx, y) {
      const logScale = ctx.get(scaleName);
      const back = tf.div(y, tf.exp(tf.neg(logScale)));
      return { value: tf.add(back, ctx.get(shiftName)), logDet: tf.mul(tf.sum(logScale), places) };
    },
  };
}
