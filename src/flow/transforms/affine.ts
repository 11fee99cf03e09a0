/**
 * x·eˢ + t and the other three forms of it that published flows use. A form that is the inverse of another has −s where
 * the other has s, so each is written with `a`, the logarithm of the scale that is applied from data to latent; that is
 * the quantity s. Where s comes from is in scale-maps.ts; what a scale map works on is tapped as `NAME/u`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import type { ModelConfig } from '../../config/schema';
import { transformParameters } from '../../config/transforms';
import { scaleMap, type ScaleMapOptions } from './scale-maps';
import type { UnivariateTransform } from './types';

export type AffineForm = ModelConfig['affine'];

interface AffineMap {
  formula: string;
  /** ln of the scale from data to latent, which the log-det sums: s or −s. */
  logScale(s: tf.Tensor): tf.Tensor;
  forward(x: tf.Tensor, a: tf.Tensor, t: tf.Tensor): tf.Tensor;
  inverse(y: tf.Tensor, a: tf.Tensor, t: tf.Tensor): tf.Tensor;
}

/** Divides by the very number that the forward map multiplied by: e^(−a) is not its inverse to the last bit. */
const shrink = (y: tf.Tensor, a: tf.Tensor): tf.Tensor => tf.div(y, tf.exp(a));
const same = (s: tf.Tensor): tf.Tensor => s;

const forms: Record<AffineForm, AffineMap> = {
  'scale-then-shift': {
    formula: 'x · exp( s ) + t',
    logScale: same,
    forward: (x, a, t) => tf.add(tf.mul(x, tf.exp(a)), t),
    inverse: (y, a, t) => shrink(tf.sub(y, t), a),
  },
  'shift-then-scale': {
    formula: '( x + t ) · exp( s )',
    logScale: same,
    forward: (x, a, t) => tf.mul(tf.add(x, t), tf.exp(a)),
    inverse: (y, a, t) => tf.sub(shrink(y, a), t),
  },
  'inverse-scale-then-shift': {
    formula: '( x − t ) · exp( s )',
    logScale: tf.neg,
    forward: (x, a, t) => tf.mul(tf.sub(x, t), tf.exp(a)),
    inverse: (y, a, t) => tf.add(shrink(y, a), t),
  },
  'inverse-shift-then-scale': {
    formula: 'x · exp( s ) − t',
    logScale: tf.neg,
    forward: (x, a, t) => tf.sub(tf.mul(x, tf.exp(a)), t),
    inverse: (y, a, t) => shrink(tf.add(y, t), a),
  },
};

export interface AffineOptions {
  /** Name of the coupling; prefix of the scale map's parameters. */
  name: string;
  /** Channels or features that are transformed. */
  features: number;
  form: AffineForm;
  scaleMap: ScaleMapOptions;
  /** Axes of what is transformed over which the mean of s is subtracted from it (GIN). */
  centered?: readonly number[];
  /** L2 on the learned scale of s. */
  decayScale: boolean;
}

/** @param moves [1, D], 1 for what counts, where s is 0 for the rest; all of it without */
function withoutMean(s: tf.Tensor, axes: readonly number[], moves?: tf.Tensor): tf.Tensor {
  const sum = tf.sum(s, [...axes], true);
  const count = axes.reduce((product, axis) => product * s.shape.at(axis)!, 1);
  return tf.sub(s, tf.div(sum, moves ? tf.sum(moves) : count));
}

export function affine({
  name,
  features,
  form,
  scaleMap: options,
  centered,
  decayScale,
}: AffineOptions): UnivariateTransform {
  const { formula, logScale, forward, inverse } = forms[form];
  const scale = scaleMap(name, features, options, decayScale);
  return {
    takes: transformParameters.affine.map((parameter) => ({ name: parameter, size: 1 })),
    parameters: scale.parameters,
    quantities: [
      { name: 's', role: 'logScale' },
      { name: 't', role: 'shift' },
    ],
    formula,
    preservesVolume: false,
    map(ctx, [u, shift], moves) {
      ctx.tap?.(`${name}/u`, u!);
      named('u', u!);
      named('t', shift!);
      const only = (values: tf.Tensor): tf.Tensor => (moves ? tf.mul(values, moves) : values);
      const s = only(scale.apply(ctx, u!));
      const a = named('s', logScale(centered ? only(withoutMean(s, centered, moves)) : s));
      const t = named('t', only(shift!));
      return {
        quantities: { s: a, t },
        forward: (x) => ({ value: forward(x, a, t), logDerivative: a }),
        inverse: (y) => ({ value: inverse(y, a, t), logDerivative: a }),
      };
    },
  };
}

/** x + t, the coupling of NICE (Dinh et al. 2014): it keeps volumes, so it adds nothing to the log-det. */
export const additive: UnivariateTransform = {
  takes: transformParameters.additive.map((parameter) => ({ name: parameter, size: 1 })),
  parameters: [],
  quantities: [{ name: 't', role: 'shift' }],
  formula: 'x + t',
  preservesVolume: true,
  map(_, [shift], moves) {
    const t = moves ? tf.mul(shift!, moves) : shift!;
    return {
      quantities: { t },
      forward: (x) => ({ value: tf.add(x, t) }),
      inverse: (y) => ({ value: tf.sub(y, t) }),
    };
  },
};
