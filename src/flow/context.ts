/**
 * A context: numbers that come with each example and that every conditioner sees besides the features, so that the flow
 * is a density of x given them. Examples of such flows travel as rows of D + C: the features, then the context.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../base/shape';
import type { VectorModelConfig } from '../config/schema';
import type { Bijection, FlowContext, ParameterSpec, StateSpec } from './bijection';
import { activation } from './nets/activation';
import { linear } from './nets/linear';

export interface ContextInput {
  /** Numbers of a context, C. */
  readonly size: number;
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** [N, C] → [N, S]: what conditioners see. */
  encode(ctx: FlowContext, context: Tensor): Tensor;
}

/** Numbers that conditioners see of a context. */
export function contextSeen({ context, contextNet }: VectorModelConfig): number {
  return contextNet.at(-1) ?? context;
}

/** The context of a vector flow: as it is, standardized by stored statistics, or through a network. */
export function contextInput(config: VectorModelConfig): ContextInput | undefined {
  const { context: size, contextNorm, contextNet } = config;
  if (size === 0) return undefined;
  const [mean, std] = ['context.mean', 'context.std'];
  const widths = [size, ...contextNet];
  const layers = contextNet.map((width, i) => linear(`context.net.${i}`, widths[i]!, width));
  const active = activation(config);
  return {
    size,
    parameters: layers.flatMap(({ parameters }) => parameters),
    state: contextNorm
      ? [
          { name: mean, shape: [size], value: 0 },
          { name: std, shape: [size], value: 1 },
        ]
      : [],
    encode(ctx, context) {
      const scaled = contextNorm ? tf.div(tf.sub(context, ctx.get(mean)), ctx.get(std)) : context;
      return layers.reduce((h, layer, i) => {
        const sum = layer.apply(ctx, h);
        return i === layers.length - 1 ? sum : active(sum);
      }, scaled);
    },
  };
}

/** Values of a row: features, then context. */
export function rowShape({ inputShape, context }: {
  inputShape: readonly number[];
  context?: ContextInput | undefined;
}): number[] {
  return context ? [sizeOf(inputShape) + context.size] : [...inputShape];
}

/** Rows [N, D + C] as features and context, both [N, …]. */
export function splitRows(
  rows: Tensor,
  { context }: { context?: ContextInput | undefined },
): { features: Tensor; context?: Tensor } {
  if (!context) return { features: rows };
  const [features, behind] = tf.split(rows, [rows.shape[1]! - context.size, context.size], 1) as [
    Tensor,
    Tensor,
  ];
  return { features, context: behind };
}

/** Features with the context that belongs to them: rows. */
export function joinRows(features: Tensor, context: Tensor | undefined): Tensor {
  return context ? tf.concat([features as Tensor2D, context as Tensor2D], 1) : features;
}

/** What leads to the flow's input, and what it does to a context on the way. */
export interface Preprocess extends Bijection {
  readonly scaleContext?: (context: Tensor) => Tensor;
}

/** A context in data units as conditioners see it. */
export function withContext(
  ctx: FlowContext,
  flow: { context?: ContextInput | undefined },
  preprocess: Preprocess | undefined,
  context: Tensor | undefined,
): FlowContext {
  if (!flow.context || !context) return ctx;
  return { ...ctx, context: flow.context.encode(ctx, preprocess?.scaleContext?.(context) ?? context) };
}

/** Rows as a flow takes them: its features, and a context for its layers. */
export function enter(
  ctx: FlowContext,
  flow: { context?: ContextInput | undefined },
  preprocess: Preprocess | undefined,
  rows: Tensor,
): { x: Tensor; ctx: FlowContext; context?: Tensor } {
  const { features, context } = splitRows(rows, flow);
  return {
    x: features,
    ctx: withContext(ctx, flow, preprocess, context),
    ...(context ? { context } : {}),
  };
}

/** What a network sees: h [N, …], and behind it the context, which may be one for all. */
export function seenWithContext(ctx: FlowContext, h: Tensor, size: number): Tensor {
  return size === 0 ? h : tf.concat([h as Tensor2D, contextFor(ctx, h) as Tensor2D], 1);
}

/** The context of each example of h [N, …]: [N, S]. */
export function contextFor({ context }: FlowContext, h: Tensor): Tensor {
  if (!context) throw new Error('the flow takes a context, and none is given');
  if (context.shape[0] === h.shape[0]) return context;
  const [column] = tf.split(tf.zerosLike(h), [1, h.shape[1]! - 1], 1) as [Tensor, Tensor];
  return tf.add(column, context);
}
