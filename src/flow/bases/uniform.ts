/** Uniform on a box [lower, upper] of each feature. */
import * as tf from '@tensorflow/tfjs-core';
import { sumPerExample, withoutGradient } from '../core/tensors';
import { normalProbability, normalQuantile } from './normal-distribution';
import type { Base } from './types';

/** @param lower one number for each feature, as `upper`, which is larger */
export function uniform(lower: readonly number[], upper: readonly number[]): Base {
  const shape = [lower.length];
  const corner = (values: readonly number[]): tf.Tensor => tf.tensor1d([...values]);
  const sizes = (): tf.Tensor => corner(upper.map((value, i) => value - lower[i]!));
  const logProbByElement = (z: tf.Tensor): tf.Tensor => {
    const inside = withoutGradient(z, (value) =>
      tf.cast(
        tf.logicalAnd(tf.greaterEqual(value, corner(lower)), tf.lessEqual(value, corner(upper))),
        'float32',
      ),
    );
    return tf.sub(tf.log(inside), tf.log(sizes()));
  };
  return {
    parameters: [],
    noiseShape: shape,
    shape: 'other',
    logProb: (_, z) => sumPerExample(logProbByElement(z)),
    logProbByElement: (_, z) => logProbByElement(z),
    draw: (_, noise) => tf.add(corner(lower), tf.mul(normalProbability(noise), sizes())),
    scores: (_, z) => normalQuantile(tf.div(tf.sub(z, corner(lower)), sizes())),
  };
}
