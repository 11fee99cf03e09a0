/**
 * From data units to what the flow models, as bijections with a log-det of their own, kept apart from the flow's.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Standardization } from '../config/standardization';
import type { Bijection } from './bijection';
import { size, sumPerExample } from './tensors';

/**
 * Dequantized pixels v in [0, L) to logits: p = ½ + r·(v/L − ½), y = ln p − ln(1 − p) (paper, section 4.1, in the
 * symmetric form of the authors' released code: r = .9 keeps p in [.05, .95]; the formula as printed overflows at the
 * largest value). The log-det is that of the map from v/L: Σ −ln(p(1 − p)) + D ln r. The step from v to v/L belongs to
 * the quantization, D ln L, and is counted there.
 */
export function logit(name: string, shape: readonly number[], levels: number, dataRange: number): Bijection {
  const constant = size(shape) * Math.log(dataRange);
  const logDetAt = (y: Tensor): Tensor =>
    tf.add(sumPerExample(tf.add(tf.softplus(y), tf.softplus(tf.neg(y)))), constant);
  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [],
    state: [],
    forward(_, v) {
      const p = tf.add(tf.mul(v, dataRange / levels), (1 - dataRange) / 2);
      const y = tf.sub(tf.log(p), tf.log(tf.sub(1, p)));
      return { value: y, logDet: logDetAt(y) };
    },
    inverse(_, y) {
      const p = tf.sigmoid(y);
      return {
        value: tf.mul(tf.sub(p, (1 - dataRange) / 2), levels / dataRange),
        logDet: tf.neg(logDetAt(y)),
      };
    },
  };
}

/** (x − mean) / std for each feature; log-det −Σ ln std. */
export function standardize(name: string, { mean, std }: Standardization): Bijection {
  const logDet = -std.reduce((sum, deviation) => sum + Math.log(deviation), 0);
  return {
    name,
    inputShape: [mean.length],
    outputShape: [mean.length],
    parameters: [],
    state: [],
    forward: (_, x) => ({
      value: tf.div(tf.sub(x, tf.tensor1d(mean)), tf.tensor1d(std)),
      logDet: tf.scalar(logDet),
    }),
    inverse: (_, y) => ({
      value: tf.add(tf.mul(y, tf.tensor1d(std)), tf.tensor1d(mean)),
      logDet: tf.scalar(-logDet),
    }),
  };
}
