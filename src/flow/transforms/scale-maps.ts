/** From the output u of a conditioner to the log-scale s, in nats, as published flows do it. */
import * as tf from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import type { ModelConfig } from '../../config/schema';
import { type FlowContext, type ParameterSpec, ones, zeros } from '../core/bijection';

export interface ScaleMapOptions {
  kind: ModelConfig['scaleMap'];
  /** Least scale of sigmoid, softplus and softplus-clamp, slope of soft-clip. */
  epsilon: number;
  /** Bound of arctan. */
  clamp: number;
}

export interface ScaleMap {
  readonly parameters: readonly ParameterSpec[];
  apply(ctx: FlowContext, u: tf.Tensor): tf.Tensor;
}

/** Largest scale of softplus-clamp (nflows). */
const softplusLimit = 3;
/** FrEIA's 0.636 ≈ 2/π, with which arctan reaches the clamp. */
const arctanFactor = 0.636;

/** @param features channels or features that the conditioner answers for: one learned scale each (tanh-channel) */
export function scaleMap(
  name: string,
  features: number,
  { kind, epsilon, clamp }: ScaleMapOptions,
  decay: boolean,
): ScaleMap {
  const scale = (count: number): ParameterSpec => ({
    name: `${name}.scale`,
    shape: [count],
    init: ones,
    decay,
  });
  const shift = `${name}.scaleShift`;
  const bounded = (ctx: FlowContext, u: tf.Tensor): tf.Tensor => tf.mul(tf.tanh(u), ctx.get(`${name}.scale`));
  const fixed = (apply: (u: tf.Tensor) => tf.Tensor): ScaleMap => ({
    parameters: [],
    apply: (_, u) => apply(u),
  });
  const maps: Record<ScaleMapOptions['kind'], ScaleMap> = {
    'tanh-channel': { parameters: [scale(features)], apply: bounded },
    'tanh-scalar': { parameters: [scale(1)], apply: bounded },
    'tanh-scalar-shift': {
      parameters: [scale(1), { name: shift, shape: [1], init: zeros, decay }],
      apply: (ctx, u) => tf.add(bounded(ctx, u), ctx.get(shift)),
    },
    exp: fixed((u) => u),
    sigmoid: fixed((u) => logSigmoid(tf.add(u, 2), epsilon)),
    softplus: fixed((u) => tf.log(tf.add(tf.softplus(u), epsilon))),
    'softplus-clamp': fixed((u) => tf.log(tf.minimum(tf.add(tf.softplus(u), epsilon), softplusLimit))),
    'soft-clip': fixed((u) => tf.div(u, tf.add(tf.abs(tf.mul(u, 1 / Math.log(epsilon))), 1))),
    arctan: fixed((u) => tf.mul(tf.atan(u), clamp * arctanFactor)),
    'softplus-asinh': fixed((u) => tf.log(tf.softplus(tf.add(asinh(u), inverseSoftplus(1))))),
  };
  return maps[kind];
}

/** Without losing digits where u is very negative; its gradient is written out, since |u| has none at 0. */
function asinh(u: tf.Tensor): tf.Tensor {
  const rootOf = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.add(tf.square(x), 1));
  return tf.customGrad((input, save) => {
    const x = input as tf.Tensor;
    (save as tf.GradSaveFunc)([x]);
    return {
      value: tf.mul(tf.sign(x), tf.log(tf.add(tf.abs(x), rootOf(x)))),
      gradFunc: (dy: tf.Tensor, [kept]: tf.Tensor[]) => tf.div(dy, rootOf(kept!)),
    };
  })(u);
}

/** ln(sigmoid(v) + ε). Without ε the sigmoid of a very negative v underflows, and its logarithm is −softplus(−v). */
function logSigmoid(v: tf.Tensor, epsilon: number): tf.Tensor {
  return epsilon === 0 ? tf.neg(tf.softplus(tf.neg(v))) : tf.log(tf.add(tf.sigmoid(v), epsilon));
}
