/**
 * Any invertible mixing of features, y = P·L·U·x + b: as `luLinear`, with a fixed permutation P and fixed signs of U's
 * diagonal (Kingma and Dhariwal 2018, section 3.2), the logarithms of which are trained.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext } from '../bijection';
import { zeros } from '../init';
import { invertOrder, reorder } from '../reorder';
import { solveUnit, solveUpper, strictly, times, timesUpper } from './triangular';

export interface PluOptions {
  /** Entry i is the feature of L·U·x that comes to place i. */
  order: readonly number[];
  /** Of U's diagonal, 1 or −1 each. */
  signs: readonly number[];
}

/** Tensors as those of `luLinear`, but for `NAME.logDiagonal`. */
export function pluLinear(name: string, { order, signs }: PluOptions): Bijection {
  const dim = order.length;
  const back = invertOrder(order);
  const get = (ctx: FlowContext) => {
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    return {
      lower: strictly('lower', ctx.get(`${name}.lower`)),
      upper: strictly('upper', ctx.get(`${name}.upper`)),
      diagonal: tf.mul(tf.exp(logDiagonal), tf.tensor1d([...signs])),
      bias: ctx.get(`${name}.bias`),
      logDet: tf.sum(logDiagonal),
    };
  };
  return {
    name,
    inputShape: [dim],
    outputShape: [dim],
    parameters: [
      { name: `${name}.lower`, shape: [dim, dim], init: zeros, decay: false },
      { name: `${name}.upper`, shape: [dim, dim], init: zeros, decay: false },
      { name: `${name}.logDiagonal`, shape: [dim], init: zeros, decay: false },
      { name: `${name}.bias`, shape: [dim], init: zeros, decay: false },
    ],
    state: [],
    mixes: true,
    forward(ctx, x) {
      const { lower, upper, diagonal, bias, logDet } = get(ctx);
      const mixed = timesUpper(x, upper, diagonal);
      return { value: tf.add(reorder(tf.add(mixed, times(mixed, lower)), order, 1), bias), logDet };
    },
    inverse(ctx, y) {
      const { lower, upper, diagonal, bias, logDet } = get(ctx);
      const mixed = solveUnit(reorder(tf.sub(y, bias), back, 1), lower);
      return { value: solveUpper(mixed, upper, diagonal), logDet: tf.neg(logDet) };
    },
  };
}
