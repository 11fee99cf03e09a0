/** Beta(a, a) of each feature, stretched to a box: like a normal, and nothing outside (CentBeta13 of pzflow has a = 13). */
import * as tf from '@tensorflow/tfjs-core';
import { sumPerExample } from '../core/tensors';
import { applySeries, betaMaps } from './beta-distribution';
import type { Base } from './types';

export interface BetaOptions {
  /** a. */
  concentration: number;
  /** One number for each feature, as `upper`, which is larger. */
  lower: readonly number[];
  upper: readonly number[];
}

export function beta({ concentration, lower, upper }: BetaOptions): Base {
  const shape = [lower.length];
  const { logPeak, fromNormal, toNormal } = betaMaps(concentration);
  const halves = upper.map((value, i) => (value - lower[i]!) / 2);
  const middles = (): tf.Tensor => tf.tensor1d(upper.map((value, i) => (value + lower[i]!) / 2));
  /** How far it is to both ends, of 1 in the middle. */
  const ends = (z: tf.Tensor): [fromLower: tf.Tensor, toUpper: tf.Tensor] => {
    const t = tf.div(tf.sub(z, middles()), tf.tensor1d(halves));
    return [tf.add(t, 1), tf.sub(1, t)];
  };
  const logProbByElement = (z: tf.Tensor): tf.Tensor => {
    const [fromLower, toUpper] = ends(z);
    const shape = tf.mul(tf.log(tf.maximum(tf.mul(fromLower, toUpper), 0)), concentration - 1);
    return tf.add(shape, tf.tensor1d(halves.map((half) => logPeak - Math.log(half))));
  };
  return {
    parameters: [],
    noiseShape: shape,
    shape: 'other',
    logProb: (_, z) => sumPerExample(logProbByElement(z)),
    logProbByElement: (_, z) => logProbByElement(z),
    draw(_, noise, temperature) {
      const t = tf.tanh(applySeries(fromNormal, tf.mul(noise, temperature)));
      return tf.add(middles(), tf.mul(t, tf.tensor1d(halves)));
    },
    scores(_, z) {
      // Rounding may put z onto an end; the series ends before.
      const [fromLower, toUpper] = ends(z).map((end) => tf.maximum(end, 1e-12)) as [tf.Tensor, tf.Tensor];
      return applySeries(toNormal, tf.mul(tf.sub(tf.log(fromLower), tf.log(toUpper)), 0.5));
    },
  };
}
