/** A standard normal over all latents (Dinh et al. 2017, section 3.1). */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import { sumPerExample } from '../core/tensors';
import type { Base } from './types';

const halfLogTau = 0.5 * Math.log(2 * Math.PI);

export function standardNormal(shape: readonly number[]): Base {
  return {
    parameters: [],
    noiseShape: shape,
    shape: 'standard',
    logProb: (_, z) => tf.add(tf.mul(sumPerExample(tf.square(z)), -0.5), -halfLogTau * sizeOf(shape)),
    logProbByElement: (_, z) => tf.sub(tf.mul(tf.square(z), -0.5), halfLogTau),
    draw: (_, noise, temperature) => tf.mul(noise, temperature),
    scores: (_, z) => z,
  };
}
