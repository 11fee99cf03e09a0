/**
 * A learned mixing of features, y = L·U·x + b: L is lower triangular with ones on its diagonal, U upper triangular with a
 * positive one, so the log-det is the sum of its logarithms (Kingma and Dhariwal 2018; Durkan et al. 2019, as in nflows).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../base/softplus';
import type { Bijection, FlowContext } from './bijection';
import { zeros } from './init';

/** Least entry of U's diagonal (nflows). */
const floor = 1e-3;

/** softplus of this is 1 − floor: the layer starts as the identity. */
const one = inverseSoftplus(1 - floor);

/**
 * `NAME.lower` and `NAME.upper` are [D, D], of which the part below and the part above the diagonal count; `NAME.diagonal`
 * is what softplus takes, and 0 for 1.
 */
export function luLinear(name: string, dim: number): Bijection {
  const part = (kept: (row: number, column: number) => boolean): Tensor =>
    tf.tensor2d(
      Array.from({ length: dim * dim }, (_, i) => Number(kept(Math.floor(i / dim), i % dim))),
      [dim, dim],
    );
  const get = (ctx: FlowContext) => {
    const diagonal = tf.add(tf.softplus(tf.add(ctx.get(`${name}.diagonal`), one)), floor);
    return {
      lower: tf.mul(
        ctx.get(`${name}.lower`),
        part((row, column) => row > column),
      ),
      upper: tf.mul(
        ctx.get(`${name}.upper`),
        part((row, column) => row < column),
      ),
      diagonal,
      bias: ctx.get(`${name}.bias`),
      logDet: tf.sum(tf.log(diagonal)),
    };
  };
  /** Rows of x times the transpose. */
  const times = (x: Tensor, matrix: Tensor): Tensor => tf.matMul(x, matrix, false, true);

  /** z with z + N·z = v for a strictly triangular N, by substitution: the k-th pass gets the k-th feature right. */
  const solve = (v: Tensor, matrix: Tensor): Tensor => {
    let z = v;
    for (let pass = 1; pass < dim; pass++) z = tf.sub(v, times(z, matrix));
    return z;
  };

  return {
    name,
    inputShape: [dim],
    outputShape: [dim],
    parameters: [
      { name: `${name}.lower`, shape: [dim, dim], init: zeros, decay: false },
      { name: `${name}.upper`, shape: [dim, dim], init: zeros, decay: false },
      { name: `${name}.diagonal`, shape: [dim], init: zeros, decay: false },
      { name: `${name}.bias`, shape: [dim], init: zeros, decay: false },
    ],
    state: [],
    mixes: true,
    forward(ctx, x) {
      const { lower, upper, diagonal, bias, logDet } = get(ctx);
      const mixed = tf.add(tf.mul(x, diagonal), times(x, upper));
      return { value: tf.add(tf.add(mixed, times(mixed, lower)), bias), logDet };
    },
    inverse(ctx, y) {
      const { lower, upper, diagonal, bias, logDet } = get(ctx);
      const mixed = solve(tf.sub(y, bias), lower);
      // U = (I + N)·D with N = upper / diagonal, column by column.
      const value = tf.div(solve(mixed, tf.div(upper, diagonal)), diagonal);
      return { value, logDet: tf.neg(logDet) };
    },
  };
}
