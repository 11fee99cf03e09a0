/** The prior: a standard normal over all latents (paper, section 3.1). */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../base/shape';
import { sumPerExample } from './tensors';

/** ln N(z; 0, 1) for each example: [N, …] → [N], nats. */
export function standardNormalLogProb(z: Tensor): Tensor {
  const constant = -0.5 * sizeOf(z.shape.slice(1)) * Math.log(2 * Math.PI);
  return tf.add(tf.mul(sumPerExample(tf.square(z)), -0.5), constant);
}
