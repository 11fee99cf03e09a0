/** The inverse of another map: what its parameters say is what happens from latent to data. */
import * as tf from '@tensorflow/tfjs-core';
import type { ElementMap, Mapped, UnivariateTransform } from './types';

/** @param transform whose interval, if it is a spline, is the same on both axes */
export function inverseOf(transform: UnivariateTransform): UnivariateTransform {
  return {
    ...transform,
    ...(transform.spline ? { spline: { ...transform.spline, inverse: true } } : {}),
    map: (ctx, given, moves) => exchanged(transform.map(ctx, given, moves)),
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
