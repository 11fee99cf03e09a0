/** Conditioners from networks: one network for s and t together, or one for each. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../config/schema';
import type { Conditioner, FlowContext, ParameterSpec, StateSpec } from '../bijection';

export interface Net {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** [N, …, inputs] → [N, …, outputs]. */
  apply(ctx: FlowContext, h: Tensor): Tensor;
}

/** Where s and t stand in the output of one network. */
export type OutputConvention = Pick<ModelConfig, 'outputOrder' | 'outputLayout'>;

/** The two halves of the last axis, or its even and its odd entries. */
function divide(answer: Tensor, layout: OutputConvention['outputLayout']): [Tensor, Tensor] {
  const last = answer.rank - 1;
  if (layout === 'halves') return tf.split(answer, 2, last) as [Tensor, Tensor];
  const inner = answer.shape.slice(1, -1);
  const each = answer.shape[last]! / 2;
  const pairs = tf.reshape(answer, [-1, ...inner, each, 2]);
  return tf.split(pairs, 2, last + 1).map((half) => tf.reshape(half, [-1, ...inner, each])) as [
    Tensor,
    Tensor,
  ];
}

/** @param net gives twice as many values as move */
export function jointConditioner(net: Net, { outputOrder, outputLayout }: OutputConvention): Conditioner {
  return {
    parameters: net.parameters,
    state: net.state,
    apply(ctx, h) {
      const [first, second] = divide(net.apply(ctx, h), outputLayout);
      return outputOrder === 'scale-shift'
        ? { rawScale: first, shift: second }
        : { rawScale: second, shift: first };
    },
  };
}

export function separateConditioner(scaleNet: Net, shiftNet: Net): Conditioner {
  return {
    parameters: [...scaleNet.parameters, ...shiftNet.parameters],
    state: [...scaleNet.state, ...shiftNet.state],
    apply: (ctx, h) => ({ rawScale: scaleNet.apply(ctx, h), shift: shiftNet.apply(ctx, h) }),
  };
}
