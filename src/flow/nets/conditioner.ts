/** Conditioners from networks: one network for all that a transform takes, or one for each. */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../base/order';
import { byDegree } from '../../base/degrees';
import type { Conditioner, FlowContext, ParameterSpec, StateSpec } from '../core/bijection';
import { reorder } from '../core/tensors';
import { withScope } from '../core/scope';
import type { OutputConvention } from '../core/spec';
import type { Taken } from '../transforms/types';

export interface Net {
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** [N, …, inputs] → [N, …, outputs]. */
  apply(ctx: FlowContext, h: tf.Tensor): tf.Tensor;
  /**
   * Computes each unit once, in the order of degrees, while inputs become known; for networks with degrees.
   * @param nothing [N, 1], zeros
   */
  steps?(ctx: FlowContext, nothing: tf.Tensor): Steps;
}

/**
 * Called for each degree from 0 on.
 * @param seen [N, …]: the inputs of this degree, in rising order; undefined where there are none
 * @returns the outputs of this degree, in rising order
 */
export type Steps = (seen: tf.Tensor | undefined, degree: number) => tf.Tensor | undefined;

/** Layers with an activation between each two. Taps `NAME.K/features` and `NAME.K/active` after activations. */
export function layered(name: string, layers: readonly Net[], activation: (x: tf.Tensor) => tf.Tensor): Net {
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    state: layers.flatMap(({ state }) => state),
    apply: (ctx, x) =>
      layers.reduce((h, layer, i) => {
        const sum = layer.apply(ctx, h);
        if (i === layers.length - 1) return sum;
        const features = activation(sum);
        ctx.tap?.(`${name}.${i}/features`, features);
        ctx.tap?.(`${name}.${i}/active`, features);
        return features;
      }, x),
  };
}

/** Whether networks can be run in steps. */
export const haveSteps = (nets: readonly Net[]): boolean => nets.every(({ steps }) => steps !== undefined);

/** The units of each degree among [N, units]. */
export function unitsByDegree(all: tf.Tensor, degrees: readonly number[]): (degree: number) => tf.Tensor {
  const units = byDegree(degrees);
  const sorted = reorder(all, units.order, 1);
  return (degree) => tf.slice(sorted, [0, units.below(degree)], [-1, units.at(degree)]);
}

/** [N, …, each · count] → [N, …, each, count], whether the values of an element are together or not. */
function perElement(answer: tf.Tensor, count: number, layout: OutputConvention['outputLayout']): tf.Tensor {
  const inner = answer.shape.slice(1, -1);
  const each = answer.shape.at(-1)! / count;
  if (layout === 'interleaved') return tf.reshape(answer, [-1, ...inner, each, count]);
  const last = inner.length + 2;
  const axes = range(last + 1);
  return tf.transpose(tf.reshape(answer, [-1, ...inner, count, each]), [
    ...axes.slice(0, -2),
    last,
    last - 1,
  ]);
}

/** In parts of the last axis: one after the other, or taking turns. */
function divide(
  answer: tf.Tensor,
  sizes: readonly number[],
  layout: OutputConvention['outputLayout'],
): tf.Tensor[] {
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

/** What the network computes, in a scope of its own, so that graphs can be told apart into networks. */
function applied(net: Net, ctx: FlowContext, h: tf.Tensor): tf.Tensor {
  return withScope(commonModule(net.parameters.map(({ name }) => name)), () => net.apply(ctx, h));
}

/** The module that all tensors are in, by their names: "c.net" of "c.net.0.weight" and "c.net.1.weight". */
function commonModule(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('.').slice(0, -1));
  const length = first.findIndex((part, i) => others.some((parts) => parts[i] !== part));
  return (length < 0 ? first : first.slice(0, length)).join('.');
}

/** @param net gives for each transformed element all that `takes` lists */
export function jointConditioner(
  net: Net,
  takes: readonly Taken[],
  { outputOrder, outputLayout }: OutputConvention,
): Conditioner {
  const ordered = outputOrder === 'scale-shift' ? takes : takes.toReversed();
  const sizes = ordered.map(({ size }) => size);
  const taken = (answer: tf.Tensor): tf.Tensor[] => {
    const parts = divide(answer, sizes, outputLayout);
    return outputOrder === 'scale-shift' ? parts : parts.toReversed();
  };
  return {
    parameters: net.parameters,
    state: net.state,
    apply: (ctx, h) => taken(applied(net, ctx, h)),
    ...(haveSteps([net]) && {
      steps(ctx, nothing) {
        const next = net.steps!(ctx, nothing);
        return (seen, degree) => taken(next(seen, degree)!);
      },
    }),
  };
}

/** @param nets each gives one of what `takes` lists */
export function separateConditioner(
  nets: readonly Net[],
  takes: readonly Taken[],
  { outputLayout }: OutputConvention,
): Conditioner {
  const taken = (answer: tf.Tensor, i: number): tf.Tensor =>
    divide(answer, [takes[i]!.size], outputLayout)[0]!;
  return {
    parameters: nets.flatMap((net) => net.parameters),
    state: nets.flatMap((net) => net.state),
    apply: (ctx, h) => nets.map((net, i) => taken(applied(net, ctx, h), i)),
    ...(haveSteps(nets) && {
      steps(ctx, nothing) {
        const each = nets.map((net) => net.steps!(ctx, nothing));
        return (seen, degree) => each.map((next, i) => taken(next(seen, degree)!, i));
      },
    }),
  };
}
