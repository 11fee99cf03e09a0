/**
 * A univariate transform: the map that a coupling applies to each element by itself, with parameters of the conditioner.
 * It is the identity, or close to it, where the conditioner gives zeros, as networks do before training.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Quantity } from '../../protocol/quantities';
import type { KnotPart, SplineInfo } from '../../protocol/spline';
import type { FlowContext, ParameterSpec } from '../core/bijection';

/** What a transform takes from the conditioner for one element; a network which gives it alone has the same name. */
export interface Taken {
  readonly name: string;
  /** How many values. */
  readonly size: number;
}

export interface UnivariateTransform {
  /** In this order. */
  readonly takes: readonly Taken[];
  /** Trained tensors of its own. */
  readonly parameters: readonly ParameterSpec[];
  /** What `ElementMap.quantities` holds, in the order in which it is shown. */
  readonly quantities: readonly Quantity[];
  /** y from x and the quantities by their names, in blanks, for people: "x · exp( s ) + t". */
  readonly formula?: string;
  /** Whether every map that it can make has the log-derivative 0. */
  readonly preservesVolume: boolean;
  /** Where the map is a spline: `ElementMap.knots` is there. */
  readonly spline?: SplineInfo;
  /**
   * @param params a tensor [N, …] for each parameter taken of size 1, [N, …, size] for others
   * @param moves [1, …], 0 where the map must be the identity; it applies everywhere without
   */
  map(ctx: FlowContext, params: readonly tf.Tensor[], moves?: tf.Tensor): ElementMap;
}

export interface ElementMap {
  /** By name, [N, …] each. */
  readonly quantities: Readonly<Record<string, tf.Tensor>>;
  /** Knots of splines, [N, …, K + 1] each: where they go through, and how steep they are there. */
  readonly knots?: Readonly<Record<KnotPart, tf.Tensor>>;
  /** Data to latent. */
  forward(x: tf.Tensor): Mapped;
  inverse(y: tf.Tensor): Mapped;
}

/** Taps the knots of splines; nothing of other maps. @param name of the layer */
export function tapKnots(ctx: FlowContext, name: string, { knots }: ElementMap): void {
  for (const [part, values] of Object.entries(knots ?? {})) ctx.tap?.(`${name}/knots.${part}`, values);
}

export interface Mapped {
  /** [N, …]. */
  value: tf.Tensor;
  /** ln |dy/dx| of each element, nats, in both directions; absent where it is 0 everywhere. */
  logDerivative?: tf.Tensor;
}

/** What is mapped where elements move, and the identity elsewhere. @param from [N, …], the values before */
export function onlyMoving(
  { value, logDerivative }: Required<Mapped>,
  from: tf.Tensor,
  moves: tf.Tensor | undefined,
): Required<Mapped> {
  if (!moves) return { value, logDerivative };
  const moving = tf.broadcastTo(tf.cast(moves, 'bool'), value.shape);
  return {
    value: tf.where(moving, value, from),
    logDerivative: tf.where(moving, logDerivative, tf.zerosLike(logDerivative)),
  };
}

/**
 * The maps that a conditioner makes of N examples, at P values of each element.
 * @param given what the transform takes, [N, …] each
 * @param at [N·P, …], the values of one example after the values of another
 */
export function mapAt(
  transform: Pick<UnivariateTransform, 'map'>,
  ctx: FlowContext,
  { params, at, moves }: { params: readonly tf.Tensor[]; at: tf.Tensor; moves?: tf.Tensor | undefined },
): Required<Mapped> {
  const repeated = params.map((values) => {
    const [examples, ...rest] = values.shape as [number, ...number[]];
    const times = [1, at.shape[0] / examples, ...rest.map(() => 1)];
    return tf.reshape(tf.tile(tf.expandDims(values, 1), times), [-1, ...rest]);
  });
  const { value, logDerivative } = transform.map(ctx, repeated, moves).forward(at);
  return { value, logDerivative: logDerivative ?? tf.zerosLike(value) };
}
