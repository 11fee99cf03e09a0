/** A learned rotation of all features, y = exp(A − Aᵀ)·x; log-det 0. It starts as the identity. */
import * as tf from '@tensorflow/tfjs-core';
import { type Bijection, type FlowContext, keepingShape, zeros } from '../core/bijection';

/** Squarings after the series, and its terms: exact to float32 for generators of norms up to 16, which turn ever again. */
const squarings = 4;
const terms = 10;

/** exp of a [D, D] matrix, by its series at a fraction of it, squared again. */
function exponential(matrix: tf.Tensor): tf.Tensor {
  const one = tf.eye(matrix.shape[0]);
  const small = tf.mul(matrix, 2 ** -squarings);
  let sum: tf.Tensor = one;
  for (let k = terms; k > 0; k--) sum = tf.add(tf.mul(tf.matMul(small, sum), 1 / k), one);
  for (let i = 0; i < squarings; i++) sum = tf.matMul(sum, sum);
  return sum;
}

/** `NAME.generator` is A, [D, D]. */
export function orthogonal(name: string, dim: number): Bijection {
  const matrix = (ctx: FlowContext): tf.Tensor => {
    const generator = ctx.get(`${name}.generator`);
    return exponential(tf.sub(generator, tf.transpose(generator)));
  };
  return {
    ...keepingShape(name, [dim]),
    parameters: [{ name: `${name}.generator`, shape: [dim, dim], init: zeros }],
    mixes: true,
    preservesVolume: true,
    forward: (ctx, x) => ({ value: tf.matMul(x, matrix(ctx), false, true), logDet: tf.scalar(0) }),
    inverse: (ctx, y) => ({ value: tf.matMul(y, matrix(ctx)), logDet: tf.scalar(0) }),
  };
}
