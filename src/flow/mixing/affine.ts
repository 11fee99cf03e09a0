/** Mixing layers of the form y = M·x + b over the last axis. Each kind has its own invertible M. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Bijection,
  type FlowContext,
  type ParameterSpec,
  keepingShape,
  startsAtZero,
} from '../core/bijection';

/** M, applied to all of [N, …, D]. */
export interface Mixing {
  apply(x: tf.Tensor): tf.Tensor;
  undo(y: tf.Tensor): tf.Tensor;
  /** log|det M|, a scalar. */
  logDet: tf.Tensor;
}

/** @param parameters of M; `NAME.bias` [D] comes after them, unless `bias` is false */
export function affineMixing(
  name: string,
  shape: readonly number[],
  parameters: readonly ParameterSpec[],
  mixing: (ctx: FlowContext) => Mixing,
  bias = true,
): Bijection {
  const spec = startsAtZero(`${name}.bias`, shape.slice(-1));
  return {
    ...keepingShape(name, shape),
    parameters: bias ? [...parameters, spec] : parameters,
    mixes: true,
    forward(ctx, x) {
      const { apply, logDet } = mixing(ctx);
      return { value: bias ? tf.add(apply(x), ctx.get(spec.name)) : apply(x), logDet };
    },
    inverse(ctx, y) {
      const { undo, logDet } = mixing(ctx);
      return { value: undo(bias ? tf.sub(y, ctx.get(spec.name)) : y), logDet: tf.neg(logDet) };
    },
  };
}
