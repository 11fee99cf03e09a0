/**
 * A trained mixture of K independent normals: `base.logits` [K], whose softmax are the weights, `base.loc` and
 * `base.logScale` [K, D].
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FlowContext } from '../bijection';
import { zeros } from '../init';
import { sumOver, withoutGradient } from '../tensors';
import { normalProbability, normalQuantile } from './normal-distribution';
import type { Base } from './types';

const halfLogTau = 0.5 * Math.log(2 * Math.PI);

/** ln Σ eˣ over the last axis. The maximum only keeps numbers small, so that it needs no gradient. */
function logSumExp(x: Tensor): Tensor {
  const last = x.rank - 1;
  const most = withoutGradient(x, (values) => tf.broadcastTo(tf.max(values, last, true), values.shape));
  const [top] = tf.split(most, [1, x.shape[last]! - 1], last) as [Tensor];
  const sum = sumOver(tf.exp(tf.sub(x, most)), [last]);
  return tf.add(
    tf.log(sum),
    tf.reshape(
      top,
      x.shape.slice(0, -1).map((n, i) => (i === 0 ? -1 : n)),
    ),
  );
}

/** @param components K, at least 2 */
export function mixture(dim: number, components: number): Base {
  const of = (ctx: FlowContext) => {
    const logits = tf.reshape(ctx.get('base.logits'), [1, components]);
    return {
      logWeights: tf.sub(logits, tf.reshape(logSumExp(logits), [1, 1])),
      loc: ctx.get('base.loc'),
      logScale: ctx.get('base.logScale'),
    };
  };
  /** How many deviations each latent lies from each component: [N, K, D]. */
  const deviations = (z: Tensor, { loc, logScale }: ReturnType<typeof of>): Tensor =>
    tf.mul(tf.sub(tf.expandDims(z, 1), loc), tf.exp(tf.neg(logScale)));
  return {
    parameters: [
      { name: 'base.logits', shape: [components], init: zeros, decay: false },
      { name: 'base.loc', shape: [components, dim], init: { kind: 'uniform', bound: 1 }, decay: false },
      { name: 'base.logScale', shape: [components, dim], init: zeros, decay: false },
    ],
    // The last one says which component.
    noiseShape: [dim + 1],
    shape: 'other',
    logProb(ctx, z) {
      const parts = of(ctx);
      const each = tf.sub(tf.mul(tf.square(deviations(z, parts)), -0.5), parts.logScale);
      const joint = tf.sub(sumOver(each, [2]), dim * halfLogTau);
      return logSumExp(tf.add(joint, parts.logWeights));
    },
    draw(ctx, noise, temperature) {
      const { logWeights, loc, logScale } = of(ctx);
      const [own, which] = tf.split(noise, [dim, 1], 1) as [Tensor, Tensor];
      const starts = tf.cumsum(tf.exp(logWeights), 1, true);
      const begun = withoutGradient(tf.sub(normalProbability(which), starts), (past) =>
        tf.cast(tf.greaterEqual(past, 0), 'float32'),
      );
      const [, later] = tf.split(begun, [1, components - 1], 1) as [Tensor, Tensor];
      const chosen = tf.sub(begun, tf.pad(later, [[0, 0], [0, 1]])); // prettier-ignore
      const scale = tf.mul(tf.matMul(chosen, tf.exp(logScale)), temperature);
      return tf.add(tf.matMul(chosen, loc), tf.mul(own, scale));
    },
    // Of each latent by itself: its own distribution is a mixture too.
    scores(ctx, z) {
      const parts = of(ctx);
      const weights = tf.reshape(tf.exp(parts.logWeights), [1, components, 1]);
      return normalQuantile(sumOver(tf.mul(normalProbability(deviations(z, parts)), weights), [1]));
    },
  };
}
