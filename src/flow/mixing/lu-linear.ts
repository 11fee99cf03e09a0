/**
 * A learned mixing of features, y = L·U·x + b: L is lower triangular with ones on its diagonal, U upper triangular with a
 * positive one, so the log-det is the sum of its logarithms (Kingma and Dhariwal 2018; Durkan et al. 2019, as in nflows).
 */
import * as tf from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import type { Bijection, FlowContext } from '../bijection';
import { zeros } from '../init';
import { solveUnit, solveUpper, strictly, times, timesUpper } from './triangular';

/** Least entry of U's diagonal (nflows). */
const floor = 1e-3;

/** softplus of this is 1 − floor: the layer starts as the identity. */
const one = inverseSoftplus(1 - floor);

/**
 * `NAME.lower` and `NAME.upper` are [D, D], of which the part below and the part above the diagonal count; `NAME.diagonal`
 * is what softplus takes, and 0 for 1.
 */
export function luLinear(name: string, dim: number): Bijection {
  const get = (ctx: FlowContext) => {
    const diagonal = tf.add(tf.softplus(tf.add(ctx.get(`${name}.diagonal`), one)), floor);
    return {
      lower: strictly('lower', ctx.get(`${name}.lower`)),
      upper: strictly('upper', ctx.get(`${name}.upper`)),
      diagonal,
      bias: ctx.get(`${name}.bias`),
      logDet: tf.sum(tf.log(diagonal)),
    };
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
      const mixed = timesUpper(x, upper, diagonal);
      return { value: tf.add(tf.add(mixed, times(mixed, lower)), bias), logDet };
    },
    inverse(ctx, y) {
      const { lower, upper, diagonal, bias, logDet } = get(ctx);
      const mixed = solveUnit(tf.sub(y, bias), lower);
      return { value: solveUpper(mixed, upper, diagonal), logDet: tf.neg(logDet) };
    },
  };
}
