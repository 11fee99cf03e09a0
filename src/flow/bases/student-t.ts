/** Student's t of each feature: like a normal, with tails that fall as a power, for data with outliers. */
import * as tf from '@tensorflow/tfjs-core';
import { sumPerExample } from '../core/tensors';
import { applySeries, betaMaps } from './beta-distribution';
import type { Base } from './types';

/** What is larger is taken for this: its square has to be a float32. */
const largest = 1e18;

/**
 * Independent in `dim` features, around 0 with a scale of 1. With z = √ν sinh w the density of w is C·sechᵛ w, the same as of
 * the w of a Beta(ν/2, ν/2), so that the two share their series.
 * @param freedom ν, degrees of freedom, at least 1
 */
export function standardStudentT(dim: number, freedom: number): Base {
  const { logPeak, fromNormal, toNormal } = betaMaps(freedom / 2);
  const root = Math.sqrt(freedom);
  const logProbByElement = (z: tf.Tensor): tf.Tensor => {
    const t = tf.clipByValue(tf.div(z, root), -largest, largest);
    return tf.sub(logPeak - Math.log(root), tf.mul(tf.log1p(tf.square(t)), (freedom + 1) / 2));
  };
  return {
    parameters: [],
    noiseShape: [dim],
    shape: 'other',
    logProb: (_, z) => sumPerExample(logProbByElement(z)),
    logProbByElement: (_, z) => logProbByElement(z),
    draw(_, noise, temperature) {
      const w = applySeries(fromNormal, tf.mul(noise, temperature));
      return tf.mul(tf.sub(tf.exp(w), tf.exp(tf.neg(w))), root / 2);
    },
    scores(_, z) {
      const t = tf.minimum(tf.abs(tf.div(z, root)), largest);
      const w = tf.log(tf.add(t, tf.sqrt(tf.add(tf.square(t), 1))));
      return applySeries(toNormal, tf.mul(w, tf.sign(z)));
    },
  };
}
