/**
 * Values of a network with their derivatives by the features, forwards through its layers: the divergence of a vector field
 * is a sum of derivatives, which gradients would take one pass and a part of the graph each for.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationOptions } from '../core/spec';
import { meanOfLast, sumPerExample } from '../core/tensors';
import { activation, slopeOf } from './activation';

export interface Dual {
  /** [N, H]. */
  value: tf.Tensor;
  /** Derivatives by each of D features: [N, D, H], or [D, H] where they are the same for all examples. */
  tangents: tf.Tensor;
}

/** The features themselves. @param x [N, D] */
export const features = (x: tf.Tensor): Dual => ({ value: x, tangents: tf.eye(x.shape[1]!) });

const product = (rows: tf.Tensor, weight: tf.Tensor): tf.Tensor => tf.matMul(rows, weight);

/** h·W and what does not depend on the features. */
export function dense({ value, tangents }: Dual, weight: tf.Tensor, rest: tf.Tensor): Dual {
  const [inputs, outputs] = weight.shape as [number, number];
  return {
    value: tf.add(product(value, weight), rest),
    tangents:
      tangents.rank === 2
        ? product(tangents, weight)
        : tf.reshape(product(tf.reshape(tangents, [-1, inputs]), weight), [-1, tangents.shape[1]!, outputs]),
  };
}

export function activated({ value, tangents }: Dual, options: ActivationOptions): Dual {
  return {
    value: activation(options)(value),
    tangents: tf.mul(tf.expandDims(slopeOf(options, value), 1), tangents),
  };
}

export const added = (a: Dual, b: Dual): Dual => ({
  value: tf.add(a.value, b.value),
  tangents: tf.add(a.tangents, b.tangents),
});

/** Layer normalization: each example by itself, over its width. @param epsilon added to the variance */
export function normalized(
  { value, tangents }: Dual,
  gain: tf.Tensor,
  bias: tf.Tensor,
  epsilon: number,
): Dual {
  const centered = tf.sub(value, meanOfLast(value));
  const scale = tf.rsqrt(tf.add(meanOfLast(tf.square(centered)), epsilon));
  const unit = tf.mul(centered, scale);
  const moved = tf.sub(tangents, meanOfLast(tangents));
  const direction = tf.expandDims(unit, 1);
  // What moves along the unit itself changes the deviation alone.
  const across = tf.sub(moved, tf.mul(direction, meanOfLast(tf.mul(direction, moved))));
  return {
    value: tf.add(tf.mul(unit, gain), bias),
    tangents: tf.mul(across, tf.expandDims(tf.mul(scale, gain), 1)),
  };
}

/** The last layer, which gives a value for each feature, and the sum of the derivatives of each by its own feature. */
export function withDivergence({ value, tangents }: Dual, weight: tf.Tensor, rest: tf.Tensor) {
  const diagonal = tf.mul(tangents, tf.transpose(weight));
  return {
    value: tf.add(product(value, weight), rest),
    divergence: diagonal.rank === 2 ? tf.sum(diagonal) : sumPerExample(diagonal),
  };
}
