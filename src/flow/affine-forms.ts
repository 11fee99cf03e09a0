/**
 * The affine map of a coupling from data to latent, in the four forms that published flows use. A form that is the
 * inverse of another has −s where the other has s, so each is said by `a`, the logarithm of the scale that is applied.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config/schema';

export type AffineForm = ModelConfig['affine'];

interface AffineMap {
  /** ln of the scale from data to latent, which the log-det sums: s or −s. */
  logScale(s: Tensor): Tensor;
  forward(x: Tensor, a: Tensor, t: Tensor): Tensor;
  inverse(y: Tensor, a: Tensor, t: Tensor): Tensor;
}

/** Divides by the very number that the way there multiplied with: e^(−a) is not its inverse to the last bit. */
const shrink = (y: Tensor, a: Tensor): Tensor => tf.div(y, tf.exp(a));
const same = (s: Tensor): Tensor => s;

export const affineMaps: Record<AffineForm, AffineMap> = {
  'scale-then-shift': {
    logScale: same,
    forward: (x, a, t) => tf.add(tf.mul(x, tf.exp(a)), t),
    inverse: (y, a, t) => shrink(tf.sub(y, t), a),
  },
  'shift-then-scale': {
    logScale: same,
    forward: (x, a, t) => tf.mul(tf.add(x, t), tf.exp(a)),
    inverse: (y, a, t) => tf.sub(shrink(y, a), t),
  },
  'inverse-scale-then-shift': {
    logScale: tf.neg,
    forward: (x, a, t) => tf.mul(tf.sub(x, t), tf.exp(a)),
    inverse: (y, a, t) => tf.add(shrink(y, a), t),
  },
  'inverse-shift-then-scale': {
    logScale: tf.neg,
    forward: (x, a, t) => tf.sub(tf.mul(x, tf.exp(a)), t),
    inverse: (y, a, t) => shrink(tf.add(y, t), a),
  },
};
