/** The network of a vector field: v(x, t) and its divergence in x. */
import * as tf from '@tensorflow/tfjs-core';
import type { FieldLayer, FieldNetConfig } from '../../config/field-layer';
import { type FlowContext, type ParameterSpec, fanIn, zeros } from '../core/bijection';
import { activation } from './activation';
import { contextOf } from './context';
import { activated, dense, features, withDivergence } from './tangents';

export interface Velocity {
  /** dx/dt, [N, D]. */
  value: tf.Tensor;
  /** Σ ∂vᵢ/∂xᵢ, [N], or a scalar where it is the same for all examples. */
  divergence: tf.Tensor;
}

export interface FieldNet {
  readonly parameters: readonly ParameterSpec[];
  at(ctx: FlowContext, x: tf.Tensor, t: number): Velocity;
  /** dx/dt alone, [N, D], with a time for each example, [N, 1]. */
  velocity(ctx: FlowContext, x: tf.Tensor, t: tf.Tensor2D): tf.Tensor;
}

/** @param context numbers that it sees of the context */
export function fieldNet(
  name: string,
  dim: number,
  context: number,
  { net, frequencies }: Pick<FieldLayer, 'frequencies'> & { net: FieldNetConfig<'mlp'> },
): FieldNet {
  const times = timesSeen(frequencies);
  const widths = [dim + context + times, ...net.hidden, dim];
  const last = widths.length - 2;
  const parameters = widths.slice(1).flatMap((outputs, i): ParameterSpec[] => {
    // At first nothing moves: the flow is the identity.
    const init = i === last ? zeros : fanIn(widths[i]!);
    const [weight, bias] = [`${name}.${i}.weight`, `${name}.${i}.bias`];
    return [
      { name: weight, shape: [widths[i]!, outputs], init },
      { name: bias, shape: [outputs], init },
    ];
  });

  /** The first layer takes x, the context and the time; what does not depend on x is the same for all of its derivatives. */
  const first = (ctx: FlowContext, t: number | tf.Tensor2D) => {
    const whole = ctx.get(`${name}.0.weight`) as tf.Tensor2D;
    const rows = (from: number, count: number): tf.Tensor2D => tf.slice(whole, [from, 0], [count, -1]);
    const ofTime = tf.matMul(timeFeatures(frequencies, t), rows(dim + context, times));
    const rest = tf.add(ofTime, ctx.get(`${name}.0.bias`));
    const seen = context > 0 && tf.matMul(contextOf(ctx), rows(dim, context));
    return { weight: rows(0, dim), rest: seen ? tf.add(seen, rest) : rest };
  };

  /** A layer of the network: h·weight + rest. */
  const layer = (ctx: FlowContext, t: number | tf.Tensor2D, i: number) =>
    i === 0 ? first(ctx, t) : { weight: ctx.get(`${name}.${i}.weight`), rest: ctx.get(`${name}.${i}.bias`) };

  return {
    parameters,
    at(ctx, x, t) {
      let h = features(x);
      for (let i = 0; i < last; i++) {
        const { weight, rest } = layer(ctx, t, i);
        h = activated(dense(h, weight, rest), net);
      }
      const { weight, rest } = layer(ctx, t, last);
      return withDivergence(h, weight, rest);
    },
    velocity(ctx, x, t) {
      let h = x;
      for (let i = 0; i <= last; i++) {
        const { weight, rest } = layer(ctx, t, i);
        const sum = tf.add(tf.matMul(h as tf.Tensor2D, weight as tf.Tensor2D), rest);
        h = i < last ? activation(net)(sum) : sum;
      }
      return h;
    },
  };
}

/** How many numbers a network sees of a time. */
export const timesSeen = (frequencies: readonly number[]): number => Math.max(1, 2 * frequencies.length);

/** What a network sees of one time, [1, …], or of times [N, 1], [N, …]. */
export function timeFeatures(frequencies: readonly number[], t: number | tf.Tensor2D): tf.Tensor2D {
  const isOne = typeof t === 'number';
  if (frequencies.length === 0) return isOne ? tf.tensor2d([[t]]) : t;
  if (isOne)
    return tf.tensor2d([[Math.cos, Math.sin].flatMap((wave) => frequencies.map((f) => wave(f * t)))]);
  const angles = tf.mul(t, tf.tensor2d([[...frequencies]]));
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1) as tf.Tensor2D;
}
