/**
 * Autoregressive = order × univariate transform × masked conditioner: each feature is mapped with parameters that depend
 * on the features before it in an order, so the Jacobian is triangular in that order. One way takes one pass of the
 * network, the other as many passes as there are features (Papamakarios et al. 2017; Kingma et al. 2016); or one that
 * computes each unit when the features it depends on are known, where the network has steps.
 *
 * Taps are the same as a coupling's.
 */
import * as tf from '@tensorflow/tfjs-core';
import { byDegree, placesOf } from '../../base/degrees';
import { type Bijection, type Conditioner, type FlowContext, keepingShape } from '../core/bijection';
import { invertOrder } from '../../base/order';
import { reorder, sumPerExample } from '../core/tensors';
import { named, passScope, varied, withScope } from '../core/scope';
import { mapAt, tapKnots, type ElementMap, type Mapped, type UnivariateTransform } from '../transforms/types';

export interface AutoregressiveOptions {
  name: string;
  /** Place of each feature, from 0. Features that share one do not depend on each other. */
  order: readonly number[];
  /** Whether the network sees the layer's input, so that data become latents in one pass, or its output (IAF). */
  sees: 'input' | 'output';
  transform: UnivariateTransform;
  /** What it gives for a feature depends on those before it alone. */
  conditioner: Conditioner;
  /** Without a context, the parameters of a single feature are the same for all examples. */
  seesContext: boolean;
}

type Way = (map: ElementMap, input: tf.Tensor) => Mapped;

export function autoregressive(options: AutoregressiveOptions): Bijection {
  const { name, order, sees, transform, conditioner, seesContext } = options;
  const dim = order.length;
  const places = placesOf(order);

  const mapFor = (ctx: FlowContext, seen: tf.Tensor): ElementMap =>
    transform.map(ctx, conditioner.apply(ctx, seen));

  /** Finds what the network would see, place by place. What it sees until then is not tapped. */
  const solve = ({ tap: _, ...ctx }: FlowContext, input: tf.Tensor, way: Way): Mapped =>
    conditioner.steps && !ctx.wholePasses
      ? inSteps(options, ctx, input, way)
      : inPasses(options, ctx, input, way);

  return {
    ...keepingShape(name, [dim]),
    parameters: [...conditioner.parameters, ...transform.parameters],
    state: conditioner.state,
    quantities: transform.quantities,
    ...(transform.formula === undefined ? {} : { formula: transform.formula }),
    preservesVolume: transform.preservesVolume,
    sameForAll: dim === 1 && !seesContext,
    networkPasses: sees === 'input' ? { forward: 1, inverse: places } : { forward: places, inverse: 1 },
    ...(transform.spline ? { spline: transform.spline } : {}),
    forward(ctx, x) {
      const solved = sees === 'output' ? solve(ctx, x, (map, input) => map.forward(input)) : undefined;
      const map = !solved || ctx.tap ? mapFor(ctx, solved?.value ?? x) : undefined;
      const { value, logDerivative } = solved ?? map!.forward(x);
      const logDet = logDerivative ? sumPerExample(logDerivative) : tf.scalar(0);
      if (ctx.tap && map) {
        for (const quantity of transform.quantities)
          ctx.tap(`${name}/${quantity.name}`, map.quantities[quantity.name]!);
        tapKnots(ctx, name, map);
        if (logDerivative) ctx.tap(`${name}/logDet.elements`, logDerivative);
        ctx.tap(`${name}/logDet.coupling`, logDet);
      }
      return { value, logDet };
    },
    inverse(ctx, y) {
      const { value, logDerivative } =
        sees === 'input' ? solve(ctx, y, (map, input) => map.inverse(input)) : mapFor(ctx, y).inverse(y);
      return { value, logDet: logDerivative ? tf.neg(sumPerExample(logDerivative)) : tf.scalar(0) };
    },
    curve(ctx, x, at) {
      const seen = sees === 'input' ? x : solve(ctx, x, (map, input) => map.forward(input)).value;
      return mapAt(transform, ctx, { params: conditioner.apply(ctx, seen), at });
    },
  };
}

/** Each pass of the network gets the features of one more place right. */
function inPasses(
  { order, transform, conditioner }: AutoregressiveOptions,
  ctx: FlowContext,
  input: tf.Tensor,
  way: Way,
): Mapped {
  const nothing = named('log_slope', tf.zerosLike(input));
  let value = named('found', tf.zerosLike(input));
  let logDerivative: tf.Tensor | undefined;
  for (let place = 0; place < placesOf(order); place++) {
    withScope(passScope(place), () => {
      const isHere = order.map((p) => Number(p === place));
      const here = named(varied, tf.tensor(isHere, [1, order.length]));
      const mapped = way(transform.map(ctx, conditioner.apply(ctx, value)), input);
      // Selected, not multiplied: what later features are mapped to now means nothing, and may be infinite.
      const take = (all: tf.Tensor, before: tf.Tensor): tf.Tensor =>
        order.every((p) => p === place)
          ? all
          : tf.where(tf.broadcastTo(tf.greater(here, 0.5), all.shape), all, before);
      value = named('found', take(mapped.value, value));
      logDerivative =
        mapped.logDerivative && named('log_slope', take(mapped.logDerivative, logDerivative ?? nothing));
    });
  }
  return { value, ...(logDerivative ? { logDerivative } : {}) };
}

/** The features of each place, by steps of the network. */
function inSteps(
  { order, transform, conditioner }: AutoregressiveOptions,
  ctx: FlowContext,
  input: tf.Tensor,
  way: Way,
): Mapped {
  const features = byDegree(order);
  const sizes = Array.from({ length: placesOf(order) }, (_, place) => features.at(place));
  const parts = tf.split(reorder(input, features.order, 1), sizes, 1);
  const next = conditioner.steps!(ctx, tf.zerosLike(tf.slice(input, [0, 0], [-1, 1])));
  // What a transform learns for each feature.
  const perFeatureNames = new Set(
    transform.parameters.filter(({ shape }) => shape[0] === order.length).map((spec) => spec.name),
  );
  const mapped: Mapped[] = [];
  parts.forEach((part, place) => {
    const start = features.below(place);
    const ctxHere = {
      ...ctx,
      get: (name: string) =>
        perFeatureNames.has(name)
          ? tf.slice(reorder(ctx.get(name), features.order, 0), [start], [sizes[place]!])
          : ctx.get(name),
    };
    mapped.push(way(transform.map(ctxHere, next(mapped.at(-1)?.value, place)), part));
  });
  const whole = (values: readonly tf.Tensor[]): tf.Tensor =>
    reorder(values.length === 1 ? values[0]! : tf.concat([...values], 1), invertOrder(features.order), 1);
  const logDerivatives = mapped.flatMap(({ logDerivative }) => logDerivative ?? []);
  return {
    value: whole(mapped.map(({ value }) => value)),
    ...(logDerivatives.length > 0 ? { logDerivative: whole(logDerivatives) } : {}),
  };
}
