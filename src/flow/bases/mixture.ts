/**
 * A trained mixture of K normals: `base.logits` [K], whose softmax are the weights, `base.loc` and `base.logScale` [K, D].
 * With full covariances, noise ε of a component becomes loc + (I + M)⁻¹·(e^logScale ∘ ε), where M is what lies below the
 * diagonal of its `base.lower` [K, D, D]: a density takes one product then, and its trained numbers may be any.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type FlowContext, zeros } from '../core/bijection';
import { matrixMask, unitTriangularInverse } from '../mixing/triangular';
import { sumOver, withoutGradient } from '../core/tensors';
import { normalProbability, normalQuantile } from './normal-distribution';
import type { Base } from './types';

const halfLogTau = 0.5 * Math.log(2 * Math.PI);

/** ln Σ eˣ over the last axis. The maximum only keeps numbers small, so that it needs no gradient. */
function logSumExp(x: tf.Tensor): tf.Tensor {
  const last = x.rank - 1;
  const most = withoutGradient(x, (values) => tf.broadcastTo(tf.max(values, last, true), values.shape));
  const [top] = tf.split(most, [1, x.shape[last]! - 1], last) as [tf.Tensor];
  const sum = sumOver(tf.exp(tf.sub(x, most)), [last]);
  return tf.add(tf.log(sum), tf.reshape(top, [-1, ...x.shape.slice(1, -1)]));
}

/** @param components K, at least 2 */
export function mixture(dim: number, components: number, covariance: 'diagonal' | 'full'): Base {
  const full = covariance === 'full';
  const of = (ctx: FlowContext) => {
    const logits = tf.reshape(ctx.get('base.logits'), [1, components]);
    return {
      logWeights: tf.sub(logits, tf.reshape(logSumExp(logits), [1, 1])),
      loc: ctx.get('base.loc'),
      logScale: ctx.get('base.logScale'),
      /** M, one behind the other: [K·D, D]. */
      lower: full
        ? tf.mul(
            tf.reshape(ctx.get('base.lower'), [components * dim, dim]),
            tf.tile(
              matrixMask(dim, (row, column) => row > column),
              [components, 1],
            ),
          )
        : undefined,
    };
  };
  /** The noise of each component that each latent is made of: [N, K, D]. */
  const noises = (z: tf.Tensor, { loc, logScale, lower }: ReturnType<typeof of>): tf.Tensor => {
    const around = tf.sub(tf.expandDims(z, 1), loc);
    if (!lower) return tf.mul(around, tf.exp(tf.neg(logScale)));
    const mixed = tf.reshape(tf.matMul(z, lower, false, true), [-1, components, dim]);
    const ofLoc = sumOver(tf.mul(tf.reshape(lower, [components, dim, dim]), tf.expandDims(loc, 1)), [2]);
    return tf.mul(tf.add(around, tf.sub(mixed, ofLoc)), tf.exp(tf.neg(logScale)));
  };
  /** (I + M)⁻¹ of each component: [K, D, D]. */
  const inverses = (lower: tf.Tensor): tf.Tensor =>
    tf.stack(tf.split(lower, components, 0).map((matrix) => unitTriangularInverse(matrix)));
  return {
    parameters: [
      { name: 'base.logits', shape: [components], init: zeros },
      { name: 'base.loc', shape: [components, dim], init: { kind: 'uniform', bound: 1 } },
      { name: 'base.logScale', shape: [components, dim], init: zeros },
      ...(full ? [{ name: 'base.lower', shape: [components, dim, dim], init: zeros }] : []),
    ],
    // The last one says which component.
    noiseShape: [dim + 1],
    shape: 'other',
    logProb(ctx, z) {
      const parts = of(ctx);
      const each = tf.sub(tf.mul(tf.square(noises(z, parts)), -0.5), parts.logScale);
      const joint = tf.sub(sumOver(each, [2]), dim * halfLogTau);
      return logSumExp(tf.add(joint, parts.logWeights));
    },
    draw(ctx, noise, temperature) {
      const { logWeights, loc, logScale, lower } = of(ctx);
      const [componentNoise, which] = tf.split(noise, [dim, 1], 1) as [tf.Tensor, tf.Tensor];
      const starts = tf.cumsum(tf.exp(logWeights), 1, true);
      const begun = withoutGradient(tf.sub(normalProbability(which), starts), (past) =>
        tf.cast(tf.greaterEqual(past, 0), 'float32'),
      );
      const [, later] = tf.split(begun, [1, components - 1], 1) as [tf.Tensor, tf.Tensor];
      const chosen = tf.sub(begun, tf.pad(later, [[0, 0], [0, 1]])); // prettier-ignore
      const scale = tf.mul(tf.matMul(chosen, tf.exp(logScale)), temperature);
      const scaled = tf.mul(componentNoise, scale);
      if (!lower) return tf.add(tf.matMul(chosen, loc), scaled);
      const inverse = tf.matMul(chosen, tf.reshape(inverses(lower), [components, dim * dim]));
      const mixed = sumOver(tf.mul(tf.reshape(inverse, [-1, dim, dim]), tf.expandDims(scaled, 1)), [2]);
      return tf.add(tf.matMul(chosen, loc), mixed);
    },
    // Scores each latent by itself: its own distribution is a mixture too.
    scores(ctx, z) {
      const parts = of(ctx);
      const { logWeights, loc, logScale, lower } = parts;
      const deviations = lower
        ? tf.sqrt(sumOver(tf.square(tf.mul(inverses(lower), tf.exp(tf.expandDims(logScale, 1)))), [2]))
        : tf.exp(logScale);
      const weights = tf.reshape(tf.exp(logWeights), [1, components, 1]);
      const standard = tf.div(tf.sub(tf.expandDims(z, 1), loc), deviations);
      return normalQuantile(sumOver(tf.mul(normalProbability(standard), weights), [1]));
    },
  };
}
