/** Mixing layers of the form y = M·x + b. Each kind has its own invertible M [D, D]. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Bijection, type FlowContext, type ParameterSpec, zeros } from '../core/bijection';

/** M, applied to the rows of [N, D]. */
export interface Mixing {
  apply(x: Tensor): Tensor;
  undo(y: Tensor): Tensor;
  /** log|det M|, a scalar. */
  logDet: Tensor;
}

/** @param parameters of M; `NAME.bias` [D] comes after them */
export function affineMixing(
  name: string,
  dim: number,
  parameters: readonly ParameterSpec[],
  mixing: (ctx: FlowContext) => Mixing,
): Bijection {
  const bias = startsAtZero(`${name}.bias`, [dim]);
  return {
    name,
    inputShape: [dim],
    outputShape: [dim],
    parameters: [...parameters, bias],
    state: [],
    mixes: true,
    forward(ctx, x) {
      const { apply, logDet } = mixing(ctx);
      return { value: tf.add(apply(x), ctx.get(bias.name)), logDet };
    },
    inverse(ctx, y) {
      const { undo, logDet } = mixing(ctx);
      return { value: undo(tf.sub(y, ctx.get(bias.name))), logDet: tf.neg(logDet) };
    },
  };
}

/** A parameter that starts at 0, without weight decay. */
export function startsAtZero(name: string, shape: number[]): ParameterSpec {
  return { name, shape, init: zeros, decay: false };
}
