/**
 * A learned mixing of features, y = L·U·x + b: L is lower triangular with ones on its diagonal, U upper triangular with a
 * positive one, so the log-det is the sum of its logarithms (Kingma and Dhariwal 2018; Durkan et al. 2019, as in nflows).
 */
import * as tf from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import { type Bijection, startsAtZero } from '../core/bijection';
import { affineMixing } from './affine';
import { luParameters, solveLu, timesLu } from './triangular';
import { invertOrder } from '../../base/order';
import { reorder } from '../core/tensors';

/** Least entry of U's diagonal (nflows). */
const floor = 1e-3;

/** softplus of this is 1 − floor: the layer starts as the identity. */
const one = inverseSoftplus(1 - floor);

/**
 * `NAME.lower` and `NAME.upper` are [D, D], of which the part below and the part above the diagonal count; `NAME.diagonal`
 * is what softplus takes, and 0 for 1.
 */
export function luLinear(name: string, dim: number): Bijection {
  const parameters = [...luParameters(name, dim), startsAtZero(`${name}.diagonal`, [dim])];
  return affineMixing(name, [dim], parameters, (ctx) => {
    const diagonal = tf.add(tf.softplus(tf.add(ctx.get(`${name}.diagonal`), one)), floor);
    return {
      apply: (x) => timesLu(ctx, name, x, diagonal),
      undo: (y) => solveLu(ctx, name, y, diagonal),
      logDet: tf.sum(tf.log(diagonal)),
    };
  });
}

export interface PluOptions {
  /** Entry i is the feature of L·U·x that comes to place i. */
  order: readonly number[];
  /** Signs of U's diagonal, 1 or −1 each. */
  signs: readonly number[];
}

/**
 * Any invertible mixing of features, y = P·L·U·x + b, with a fixed permutation P and fixed signs of U's diagonal (Kingma
 * and Dhariwal 2018, section 3.2). The same tensors as `luLinear`, except for `NAME.logDiagonal`.
 */
export function pluLinear(name: string, { order, signs }: PluOptions): Bijection {
  const dim = order.length;
  const back = invertOrder(order);
  const parameters = [...luParameters(name, dim), startsAtZero(`${name}.logDiagonal`, [dim])];
  return affineMixing(name, [dim], parameters, (ctx) => {
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    const diagonal = tf.mul(tf.exp(logDiagonal), tf.tensor1d([...signs]));
    return {
      apply: (x) => reorder(timesLu(ctx, name, x, diagonal), order, 1),
      undo: (y) => solveLu(ctx, name, reorder(y, back, 1), diagonal),
      logDet: tf.sum(logDiagonal),
    };
  });
}
