/** Conditioners from networks: one network for all that a transform takes, or one for each. */
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

/** Where the parameters of a transform stand in the output of one network. */
export type OutputConvention = Pick<ModelConfig, 'outputOrder' | 'outputLayout'>;

/** Equal parts of the last axis: one after the other, or taking turns. */
function divide(answer: Tensor, count: number, layout: OutputConvention['outputLayout']): Tensor[] {
  if (count === 1) return [answer];
  const last = answer.rank - 1;
  if (layout === 'halves') return tf.split(answer, count, last);
  const inner = answer.shape.slice(1, -1);
  const each = answer.shape[last]! / count;
  const turns = tf.reshape(answer, [-1, ...inner, each, count]);
  return tf.split(turns, count, last + 1).map((part) => tf.reshape(part, [-1, ...inner, each]));
}

/** @param net gives `count` values for each transformed element */
export function jointConditioner(
  net: Net,
  count: number,
  { outputOrder, outputLayout }: OutputConvention,
): Conditioner {
  return {
    parameters: net.parameters,
    state: net.state,
    apply(ctx, h) {
      const parts = divide(net.apply(ctx, h), count, outputLayout);
      return outputOrder === 'scale-shift' ? parts : parts.toReversed();
    },
  };
}

/** @param nets each gives one value for each transformed element */
export function separateConditioner(nets: readonly Net[]): Conditioner {
  return {
    parameters: nets.flatMap((net) => net.parameters),
    state: nets.flatMap((net) => net.state),
    apply: (ctx, h) => nets.map((net) => net.apply(ctx, h)),
  };
}
