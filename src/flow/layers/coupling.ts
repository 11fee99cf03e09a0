/**
 * Coupling = split × univariate transform × conditioner (paper, sections 3.2–3.4): part of the features pass unchanged,
 * and a network that sees only those gives the parameters of the map of the others, so the Jacobian is triangular and its
 * log-det is the sum of the map's log-derivatives. An optional batch normalization of the output follows.
 *
 * Taps, all in the layer's full shape and 0 for identity features: `NAME/QUANTITY` for each quantity of the transform,
 * and `NAME/logDet.elements`, ln |dy/dx| of the transform where it is not 0 everywhere. `NAME/logDet.coupling` and
 * `NAME/logDet.norm` are the shares of the transform and of the norm in the log-det.
 */
import * as tf from '@tensorflow/tfjs-core';
import { flowNorm } from './batch-norm';
import { type Bijection, type Conditioner, type FlowContext, keepingShape } from '../core/bijection';
import { named } from '../core/scope';
import type { NormOptions } from '../core/spec';
import type { Split } from './splits';
import { maskTensors, sumPerExample } from '../core/tensors';
import { mapAt, tapKnots, type ElementMap, type UnivariateTransform } from '../transforms/types';

export interface CouplingOptions {
  name: string;
  shape: readonly number[];
  split: Split;
  transform: UnivariateTransform;
  /** Takes the identity part and gives what the transform takes, in the shape of the transformed part. */
  conditioner: Conditioner;
  /** Adds batch normalization of the output, over the transformed part. */
  norm?: NormOptions;
}

/** Log-dets that add up; absent ones are 0. */
function total(mapLogDet: tf.Tensor | undefined, norm: tf.Tensor | undefined): tf.Tensor {
  if (mapLogDet && norm) return tf.add(mapLogDet, norm);
  return mapLogDet ?? norm ?? tf.scalar(0);
}

/** The two parts, by name. */
function parted(split: Split, x: tf.Tensor): ReturnType<Split['split']> {
  const { identity, transformed } = split.split(x);
  if (identity !== x) named('identity', identity);
  if (transformed !== x) named('transformed', transformed);
  return { identity, transformed };
}

export function coupling(options: CouplingOptions): Bijection {
  const { name, shape, split, transform, conditioner } = options;
  const { mask } = split;
  const norm =
    options.norm && flowNorm({ name: `${name}.norm`, shape: split.transformedShape, mask, ...options.norm });

  const movesOf = (): tf.Tensor | undefined => mask && maskTensors(mask).moves;
  const mapFor = (ctx: FlowContext, identity: tf.Tensor): ElementMap =>
    transform.map(ctx, conditioner.apply(ctx, identity), movesOf());

  return {
    ...keepingShape(name, shape),
    parameters: [...conditioner.parameters, ...transform.parameters],
    state: [...conditioner.state, ...(norm?.state ?? [])],
    quantities: transform.quantities,
    formula: transform.formula,
    preservesVolume: transform.preservesVolume,
    ...(transform.spline ? { spline: transform.spline } : {}),
    forward(ctx, x) {
      const { identity, transformed } = parted(split, x);
      const map = mapFor(ctx, identity);
      const { value, logDerivative } = map.forward(transformed);
      const normed = norm?.forward(ctx, value);
      const mapLogDet = logDerivative && sumPerExample(logDerivative);
      if (ctx.tap) {
        const nothing = tf.mul(identity, 0);
        const inFull = (values: tf.Tensor): tf.Tensor => split.merge(nothing, values);
        for (const quantity of transform.quantities) {
          ctx.tap(`${name}/${quantity.name}`, inFull(map.quantities[quantity.name]!));
        }
        if (logDerivative) ctx.tap(`${name}/logDet.elements`, inFull(logDerivative));
        tapKnots(ctx, name, map);
        ctx.tap(`${name}/logDet.coupling`, mapLogDet ?? tf.scalar(0));
        if (normed) ctx.tap(`${name}/logDet.norm`, normed.logDet);
      }
      return {
        value: split.merge(identity, normed?.value ?? value),
        logDet: total(mapLogDet, normed?.logDet),
      };
    },
    inverse(ctx, y) {
      const { identity, transformed } = parted(split, y);
      const unnormed = norm?.inverse(ctx, transformed);
      const { value, logDerivative } = mapFor(ctx, identity).inverse(unnormed?.value ?? transformed);
      return {
        value: split.merge(identity, value),
        logDet: total(logDerivative && tf.neg(sumPerExample(logDerivative)), unnormed?.logDet),
      };
    },
    curve(ctx, x, at) {
      const params = conditioner.apply(ctx, parted(split, x).identity);
      const { identity, transformed } = parted(split, at);
      const { value, logDerivative } = mapAt(transform, ctx, { params, at: transformed, moves: movesOf() });
      return {
        value: split.merge(identity, value),
        logDerivative: split.merge(tf.mul(identity, 0), logDerivative),
      };
    },
  };
}
