/** The transform of a layer. */
import type { TransformConfig } from '../../config/layer-parts';
import type { TransformSpec } from '../core/spec';
import { additive, affine } from './affine';
import { bernstein } from './bernstein';
import { gaussianization } from './gaussianization';
import { rationalQuadratic, splineOfOwnInterval } from './rational-quadratic';
import { sumOfSquares } from './sum-of-squares';
import type { UnivariateTransform, ElementMap, Mapped } from './types';
import * as tf from '@tensorflow/tfjs-core';

/** Axes over which the mean of s is removed, by the config's word for them. */
const meanAxes = { kept: undefined, removed: [-1], pixel: [-1], image: [-3, -2, -1] } as const;

interface Place {
  /** Name of the layer. */
  name: string;
  /** Channels or features that are transformed. */
  features: number;
  /** Whether learned scales are regularized. */
  decays: boolean;
}

type Makers = {
  [Kind in TransformConfig['kind']]: (
    settings: Extract<TransformConfig, { kind: Kind }>,
    place: Place,
  ) => UnivariateTransform;
};

const directed = (direction: 'forward' | 'inverse', transform: UnivariateTransform): UnivariateTransform =>
  direction === 'inverse' ? inverseOf(transform) : transform;

const makers: Makers = {
  affine({ form, scaleMap, scaleEpsilon, scaleClamp, scaleMean }, { name, features, decays }) {
    const centered = meanAxes[scaleMean];
    return affine({
      name,
      features,
      form,
      scaleMap: { kind: scaleMap, epsilon: scaleEpsilon, clamp: scaleClamp },
      ...(centered ? { centered } : {}),
      decayScale: decays,
    });
  },
  additive: () => additive,
  rationalQuadratic: ({ direction, ...options }) => directed(direction, rationalQuadratic(options)),
  bernstein: ({ direction, ...options }) => directed(direction, bernstein(options)),
  sumOfSquares: ({ direction, ...options }) => directed(direction, sumOfSquares(options)),
  gaussianization: ({ direction, ...options }) => directed(direction, gaussianization(options)),
  intervalSpline: ({ bins, interval }) => splineOfOwnInterval(bins, interval),
};

/** @param features channels or features that are transformed */
export function transformOf(
  { settings, decays }: TransformSpec,
  name: string,
  features: number,
): UnivariateTransform {
  const make = makers[settings.kind] as (settings: TransformConfig, place: Place) => UnivariateTransform;
  return make(settings, { name, features, decays });
}

/**
 * The inverse of another map: what its parameters say is what happens from latent to data.
 * @param transform whose interval, if it is a spline, is the same on both axes
 */
export function inverseOf(transform: UnivariateTransform): UnivariateTransform {
  return {
    ...transform,
    ...(transform.spline ? { spline: { ...transform.spline, inverse: true } } : {}),
    map: (ctx, params, moves) => exchanged(transform.map(ctx, params, moves)),
  };
}

function exchanged({ quantities, knots, forward, inverse }: ElementMap): ElementMap {
  return {
    quantities,
    ...(knots ? { knots: { x: knots.y, y: knots.x, slopes: tf.reciprocal(knots.slopes) } } : {}),
    forward: (x) => negated(inverse(x)),
    inverse: (y) => negated(forward(y)),
  };
}

/** ln |dx/dy| as ln |dy/dx|, or the other way around. */
function negated({ value, logDerivative }: Mapped): Mapped {
  return { value, ...(logDerivative ? { logDerivative: tf.neg(logDerivative) } : {}) };
}
