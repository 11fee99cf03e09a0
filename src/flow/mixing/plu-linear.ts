/**
 * Any invertible mixing of features, y = P·L·U·x + b: as `luLinear`, with a fixed permutation P and fixed signs of U's
 * diagonal (Kingma and Dhariwal 2018, section 3.2), the logarithms of which are trained.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection } from '../core/bijection';
import { invertOrder } from '../../base/order';
import { reorder } from '../core/reorder';
import { affineMixing, startsAtZero } from './affine';
import { luParameters, solveLu, timesLu } from './triangular';

export interface PluOptions {
  /** Entry i is the feature of L·U·x that comes to place i. */
  order: readonly number[];
  /** Signs of U's diagonal, 1 or −1 each. */
  signs: readonly number[];
}

/** The same tensors as `luLinear`, except for `NAME.logDiagonal`. */
export function pluLinear(name: string, { order, signs }: PluOptions): Bijection {
  const dim = order.length;
  const back = invertOrder(order);
  const parameters = [...luParameters(name, dim), startsAtZero(`${name}.logDiagonal`, [dim])];
  return affineMixing(name, dim, parameters, (ctx) => {
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    const diagonal = tf.mul(tf.exp(logDiagonal), tf.tensor1d([...signs]));
    return {
      apply: (x) => reorder(timesLu(ctx, name, x, diagonal), order, 1),
      undo: (y) => solveLu(ctx, name, reorder(y, back, 1), diagonal),
      logDet: tf.sum(logDiagonal),
    };
  });
}
