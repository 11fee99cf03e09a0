/**
 * A context: numbers that come with each example and that every conditioner sees besides the features, so that the flow
 * is a density of x given them. Data sets have it behind the features: rows of D + C.
 */
import * as tf from '@tensorflow/tfjs-core';
import { withContextDegrees, type Degrees } from '../../base/degrees';
import type { VectorModelConfig } from '../../config/schema';
import type { Bijection, FlowContext, ParameterSpec, StateSpec } from '../core/bijection';
import { activation } from './activation';
import { unitsByDegree, type Net } from './conditioner';
import { linear } from './linear';
import type { ContextSpec } from '../core/spec';

export interface ContextInput {
  /** Numbers of a context, C. */
  readonly size: number;
  /** Shape of an image as context, [H, W, channels]. */
  readonly shape?: readonly [number, number, number];
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** [N, C] → [N, S], or an image [N, H, W, channels]: what conditioners see. */
  encode(ctx: FlowContext, context: tf.Tensor): tf.Tensor;
}

/** Numbers that conditioners see of a context, or channels of an image. */
export function contextSeen(context: ContextSpec | undefined): number {
  if (!context) return 0;
  return context.kind === 'image' ? context.channels : (context.widths.at(-1) ?? context.size);
}

export function contextInput(context: ContextSpec): ContextInput {
  return context.kind === 'image' ? imageContext(context) : vectorContext(context);
}

/** As it is, standardized by stored statistics, or through a network. */
function vectorContext(context: Extract<ContextSpec, { kind: 'vector' }>): ContextInput {
  const { size, standardized, output } = context;
  const [mean, std] = ['context.mean', 'context.std'];
  const widths = [size, ...context.widths];
  const layers = context.widths.map((width, i) => linear(`context.net.${i}`, widths[i]!, width));
  const active = activation(context.activation);
  return {
    size,
    parameters: layers.flatMap(({ parameters }) => parameters),
    state: standardized
      ? [
          { name: mean, shape: [size], value: 0 },
          { name: std, shape: [size], value: 1 },
        ]
      : [],
    encode(ctx, values) {
      const scaled = standardized ? tf.div(tf.sub(values, ctx.get(mean)), ctx.get(std)) : values;
      return layers.reduce((h, layer, i) => {
        const sum = layer.apply(ctx, h);
        return i === layers.length - 1 && output === 'linear' ? sum : active(sum);
      }, scaled);
    },
  };
}

/** An image as it is. */
function imageContext({ height, width, channels }: Extract<ContextSpec, { kind: 'image' }>): ContextInput {
  const shape = [height, width, channels] as const;
  return {
    size: height * width * channels,
    shape,
    parameters: [],
    state: [],
    encode: (_, context) => tf.reshape(context, [-1, ...shape]),
  };
}

/** Behind the channels of h [N, H, W, …]: an image of that size, or one pixel that is everywhere the same. */
export function withContextChannels(ctx: FlowContext, h: tf.Tensor): tf.Tensor {
  const context = contextOf(ctx);
  const [, height, width] = h.shape as [number, number, number];
  const [, rows, columns, channels] = context.shape as [number, number, number, number];
  const fits = rows === height && columns === width;
  const image = fits ? context : tf.add(context, tf.zeros([1, height, width, channels]));
  return tf.concat([h, image], 3);
}

/** What leads to the flow's input, and what it does to a context on the way. */
export interface Preprocess extends Bijection {
  readonly scaleContext?: (context: tf.Tensor) => tf.Tensor;
  /** Maps of single columns that it begins with, as `Standardization` has them. */
  readonly transforms?: readonly (string | null)[];
}

/** A context in data units as conditioners see it. */
export function withContext(
  ctx: FlowContext,
  flow: { context?: ContextInput | undefined },
  preprocess: Preprocess | undefined,
  context: tf.Tensor | undefined,
): FlowContext {
  if (!flow.context || !context) return ctx;
  return { ...ctx, context: flow.context.encode(ctx, preprocess?.scaleContext?.(context) ?? context) };
}

/** How a network sees a context. */
export interface SeenContext {
  /** Numbers that it sees; 0 for none. */
  size: number;
  entry: VectorModelConfig['contextEntry'];
}

export const noContext: SeenContext = { size: 0, entry: 'input' };

/** [N, S]: what conditioners see of the context of each example. */
export function contextOf({ context }: FlowContext): tf.Tensor {
  if (!context) throw new Error('the flow takes a context, and none is given');
  return context;
}

/**
 * The first linear layer of a network over features, h [N, inputs], that may see a context.
 * @param contextName of the layer over the context alone, where it has one
 */
export function firstLayer(
  name: string,
  contextName: string,
  inputs: number,
  width: number,
  { size, entry }: SeenContext,
  active: (x: tf.Tensor) => tf.Tensor,
  {
    units,
    degrees,
    startAtZero,
  }: { units?: readonly number[] | undefined; degrees?: Degrees | undefined; startAtZero?: boolean },
): Net {
  const joins = size > 0 && entry === 'input';
  const seen = degrees && (joins ? withContextDegrees(degrees, size) : degrees.inputs);
  const layer = linear(name, inputs + (joins ? size : 0), width, {
    degrees: seen && units && { inputs: seen, outputs: units },
    storesMask: degrees?.stored,
    startAtZero,
  });
  if (size === 0) return layer;
  if (joins) {
    return {
      ...layer,
      apply: (ctx, h) => layer.apply(ctx, tf.concat([h as tf.Tensor2D, contextOf(ctx) as tf.Tensor2D], 1)),
      ...(layer.steps && {
        steps(ctx, nothing) {
          const next = layer.steps!(ctx, nothing);
          // Features have higher degrees.
          return (seen, degree) => next(degree === 0 ? contextOf(ctx) : seen, degree);
        },
      }),
    };
  }
  const contextLayer = linear(contextName, size, width);
  return {
    parameters: [...layer.parameters, ...contextLayer.parameters],
    state: layer.state,
    apply: (ctx, h) => tf.add(layer.apply(ctx, h), active(contextLayer.apply(ctx, contextOf(ctx)))),
    ...(layer.steps &&
      units && {
        steps(ctx, nothing) {
          const next = layer.steps!(ctx, nothing);
          const contextUnits = unitsByDegree(active(contextLayer.apply(ctx, contextOf(ctx))), units);
          return (seen, degree) => {
            const sum = next(seen, degree);
            return sum && tf.add(sum, contextUnits(degree));
          };
        },
      }),
  };
}
