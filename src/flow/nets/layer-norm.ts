/** Normalization of each example by itself, over its features: layer normalization, or by the root of the mean square alone. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ones, zeros } from '../core/init';
import { sumOver } from '../core/tensors';
import type { Norm } from './norm';

const mean = (x: Tensor, divisor = x.shape.at(-1)!): Tensor =>
  tf.reshape(tf.mul(sumOver(x, [x.rank - 1]), 1 / divisor), [-1, ...x.shape.slice(1, -1), 1]);

/** @param epsilon added to the variance, or to the mean square @param centers whether the mean is subtracted, and a bias learned */
export function layerNorm(name: string, features: number, epsilon: number, centers: boolean): Norm {
  const [gain, bias] = [`${name}.gain`, `${name}.bias`];
  return {
    parameters: [
      { name: gain, shape: [features], init: ones, decay: false },
      ...(centers ? [{ name: bias, shape: [features], init: zeros, decay: false }] : []),
    ],
    state: [],
    apply(ctx, x) {
      const centered = centers ? tf.sub(x, mean(x)) : x;
      const scaled = tf.mul(
        tf.mul(centered, tf.rsqrt(tf.add(mean(tf.square(centered)), epsilon))),
        ctx.get(gain),
      );
      return centers ? tf.add(scaled, ctx.get(bias)) : scaled;
    },
  };
}

/** Of mean 0, and of variance 1 by n − 1; nothing is learned (zuko). @param epsilon added to the variance */
export function standardizing(epsilon: number): Norm {
  return {
    parameters: [],
    state: [],
    apply(_, x) {
      const centered = tf.sub(x, mean(x));
      const variance = mean(tf.square(centered), x.shape.at(-1)! - 1);
      return tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
    },
  };
}
