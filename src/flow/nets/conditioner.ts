/** Conditioners from networks: one network for all that a transform takes, or one for each. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../config/schema';
import type { Conditioner, FlowContext, ParameterSpec, StateSpec } from '../bijection';
import type { Taken } from '../transforms/types';

export interface Net {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** [N, …, inputs] → [N, …, outputs]. */
  apply(ctx: FlowContext, h: Tensor): Tensor;
}

/** Where the parameters of a transform stand in the output of one network. */
export type OutputConvention = Pick<ModelConfig, 'outputOrder' | 'outputLayout'>;

/** [N, …, each · count] → [N, …, each, count], whether what belongs to an element stands together or not. */
function perElement(answer: Tensor, count: number, layout: OutputConvention['outputLayout']): Tensor {
  const inner = answer.shape.slice(1, -1);
  const each = answer.shape.at(-1)! / count;
  if (layout === 'interleaved') return tf.reshape(answer, [-1, ...inner, each, count]);
  const last = inner.length + 2;
  const axes = Array.from({ length: last + 1 }, (_, i) => i);
  return tf.transpose(tf.reshape(answer, [-1, ...inner, count, each]), [
    ...axes.slice(0, -2),
    last,
    last - 1,
  ]);
}

/** In parts of the last axis: one after the other, or taking turns. */
function divide(
  answer: Tensor,
  sizes: readonly number[],
  layout: OutputConvention['outputLayout'],
): Tensor[] {
  const last = answer.rank - 1;
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (count === 1) return [answer];
  if (count === sizes.length && layout === 'halves') return tf.split(answer, count, last);
  const all = perElement(answer, count, layout);
  if (sizes.length === 1) return [all];
  const parts = tf.split(all, [...sizes], last + 1);
  return parts.map((part, i) => (sizes[i] === 1 ? tf.reshape(part, [-1, ...part.shape.slice(1, -1)]) : part));
}

/** Values that a transform takes for each element. */
export function valuesTaken(takes: readonly Taken[]): number {
  return takes.reduce((sum, { size }) => sum + size, 0);
}

/** @param net gives for each transformed element all that `takes` lists */
export function jointConditioner(
  net: Net,
  takes: readonly Taken[],
  { outputOrder, outputLayout }: OutputConvention,
): Conditioner {
  const ordered = outputOrder === 'scale-shift' ? takes : takes.toReversed();
  const sizes = ordered.map(({ size }) => size);
  return {
    parameters: net.parameters,
    state: net.state,
    apply(ctx, h) {
      const parts = divide(net.apply(ctx, h), sizes, outputLayout);
      return outputOrder === 'scale-shift' ? parts : parts.toReversed();
    },
  };
}

/** @param nets each gives one of what `takes` lists */
export function separateConditioner(
  nets: readonly Net[],
  takes: readonly Taken[],
  { outputLayout }: OutputConvention,
): Conditioner {
  return {
    parameters: nets.flatMap((net) => net.parameters),
    state: nets.flatMap((net) => net.state),
    apply: (ctx, h) => nets.map((net, i) => divide(net.apply(ctx, h), [takes[i]!.size], outputLayout)[0]!),
  };
}
