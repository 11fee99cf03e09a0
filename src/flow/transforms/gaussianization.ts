/**
 * Gaussianization (Chen & Gopinath 2000; Meng et al. 2020, "Gaussianization Flows"), as zuko's GaussianizationTransform has it:
 * the distribution function of a mixture of K equally likely normals, then the inverse one of N(0, 1). Everything is computed
 * from the logarithm of the smaller tail, so that it stays finite and rises wherever float32 does.
 */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import { polynomial, sumOver, withoutGradient } from '../core/tensors';
import { inverted, rootOf, type Rising } from './roots';
import { onlyMoving, type UnivariateTransform } from './types';

export interface GaussianizationOptions {
  components: number;
  /** How far apart the components start: those that start alike would stay alike. */
  spread: number;
  /** Share of the distance to 1/2 by which probabilities are brought nearer to it. */
  shrinkage: number;
}

/** ln √(2π). */
const logRoot = 0.5 * Math.log(2 * Math.PI);
const newtonSteps = 12;
/** No tail is taken to be smaller where y is beyond what shrinkage leaves: |x| is then that of y = ±7. */
const leastTail = 1.28e-12;

/**
 * ln P(Z > z) of N(0, 1) for z ≥ 0, by the complementary error function of Press et al., "Numerical Recipes in C" (2nd ed.,
 * section 6.2, erfcc), whose relative error is below 1.2e-7 everywhere.
 */
export function logTail(z: tf.Tensor): tf.Tensor {
  const v = tf.mul(z, Math.SQRT1_2);
  const t = tf.div(1, tf.add(tf.mul(v, 0.5), 1));
  const series = polynomial(
    [
      0.17087277,
      -0.82215223,
      1.48851587,
      -1.13520398,
      0.27886807,
      -0.18628806,
      0.09678418,
      0.37409196,
      1.00002368,
      -1.26551223 - Math.LN2,
    ],
    t,
  );
  return tf.sub(tf.add(tf.log(t), series), tf.square(v));
}

/**
 * The z ≥ 0 with ln P(Z > z) = p, for p ≤ ln ½: formula 26.2.23 of Abramowitz & Stegun (error below 4.5e-4), then two steps of
 * Newton's method on `logTail`, after which the error is that of logTail.
 */
export function quantileOfLogTail(p: tf.Tensor): tf.Tensor {
  const at = (z: tf.Tensor): Rising => {
    const tail = logTail(z);
    // φ(z) / P(Z > z).
    return {
      value: tf.neg(tail),
      slope: tf.exp(tf.sub(tf.neg(tail), tf.add(tf.mul(tf.square(z), 0.5), logRoot))),
    };
  };
  const near = (target: tf.Tensor): tf.Tensor => {
    const t = tf.sqrt(tf.mul(target, 2));
    const below = polynomial([0.001308, 0.189269, 1.432788, 1], t);
    const z = tf.maximum(tf.sub(t, tf.div(polynomial([0.010328, 0.802853, 2.515517], t), below)), 0);
    const { value, slope } = at(z);
    return tf.maximum(tf.sub(z, tf.div(tf.sub(value, target), slope)), 0);
  };
  return inverted(tf.neg(p), [], at, near);
}

/** ln of the mean of e^u over the last axis. */
function logMeanExp(u: tf.Tensor): tf.Tensor {
  const last = u.rank - 1;
  const top = withoutGradient(u, (values) => tf.max(values, last, true));
  const sum = sumOver(tf.exp(tf.sub(u, top)), [last]);
  return tf.add(tf.log(tf.mul(sum, 1 / u.shape[last]!)), tf.reshape(top, sum.shape));
}

const isPositive = (x: tf.Tensor): tf.Tensor => withoutGradient(x, (values) => tf.greater(values, 0));

/** ln P(Z > z) from ln P(Z > |z|). */
const logAbove = (z: tf.Tensor, tail: tf.Tensor): tf.Tensor =>
  tf.where(isPositive(z), tail, tf.log1p(tf.neg(tf.exp(tail))));

export function gaussianization(options: GaussianizationOptions): UnivariateTransform {
  const { components, spread, shrinkage } = options;
  const offsets = Array.from({ length: components }, (_, i) =>
    components > 1 ? spread * ((2 * i) / (components - 1) - 1) : 0,
  );
  /** With it the mixture has the variance 1 where the network gives zeros. */
  const growth = 0.5 * Math.log1p(offsets.reduce((sum, x) => sum + x * x, 0) / components);

  /** |y| for a tail of the mixture, with as much of it as shrinkage leaves. */
  const shrunk = (logShare: tf.Tensor): tf.Tensor =>
    shrinkage === 0 ? logShare : tf.log(tf.add(tf.mul(tf.exp(logShare), 1 - shrinkage), shrinkage / 2));
  const grown = (y: tf.Tensor): tf.Tensor => {
    if (shrinkage === 0) return y;
    const share = tf.mul(tf.sub(tf.exp(logTail(tf.abs(y))), shrinkage / 2), 1 / (1 - shrinkage));
    return tf.mul(tf.sign(y), quantileOfLogTail(tf.log(tf.clipByValue(share, leastTail, 0.5))));
  };

  return {
    takes: ['shift', 'scale'].map((name) => ({ name, size: components })),
    parameters: [],
    quantities: [],
    preservesVolume: false,
    map(_, params, moves) {
      const [shifts, scales] = params.map((values) =>
        components === 1 ? tf.expandDims(values, values.rank) : values,
      ) as [tf.Tensor, tf.Tensor];
      const last = shifts.rank - 1;
      const parameters = [
        named('shift', tf.add(shifts, tf.tensor1d(offsets))),
        named('scale', tf.add(scales, growth)),
      ] as const;
      type Parameters = typeof parameters;

      const placesOf = (x: tf.Tensor, [b, a]: Parameters): tf.Tensor =>
        named('place', tf.add(tf.mul(tf.expandDims(x, last), tf.exp(a)), b));
      /** ln of the mixture's density, times √(2π). */
      const logDensity = (z: tf.Tensor, [, a]: Parameters): tf.Tensor =>
        logMeanExp(tf.sub(a, tf.mul(tf.square(z), 0.5)));

      /** y and ln dy/dx, of which shrinkage takes a part. */
      const mapped = (x: tf.Tensor, of: Parameters, shrink: (p: tf.Tensor) => tf.Tensor) => {
        const z = placesOf(x, of);
        const tails = logTail(tf.abs(z));
        const [above, below] = [logMeanExp(logAbove(z, tails)), logMeanExp(logAbove(tf.neg(z), tails))];
        const size = quantileOfLogTail(shrink(tf.minimum(above, below)));
        const y = named('value', tf.where(isPositive(tf.sub(below, above)), size, tf.neg(size)));
        return { y, logSlope: tf.add(logDensity(z, of), tf.mul(tf.square(y), 0.5)) };
      };
      const at = (x: tf.Tensor, of: Parameters): Rising => {
        const { y, logSlope } = mapped(x, of, (p) => p);
        return { value: y, slope: tf.exp(logSlope) };
      };

      /** The x whose tail is that of y: between those at which single components have that y. */
      const root = (y: tf.Tensor, [b, a]: Parameters): tf.Tensor => {
        const side = tf.where(tf.less(y, 0), tf.fill(y.shape, -1), tf.onesLike(y));
        const ends = tf.div(tf.sub(tf.expandDims(y, last), b), tf.exp(a));
        const sides = tf.expandDims(side, last);
        const sided = tf.mul(ends, sides);
        const onSide = (v: tf.Tensor): Rising => {
          const z = placesOf(tf.mul(side, v), [b, a]);
          const above = logMeanExp(logAbove(tf.mul(z, sides), logTail(tf.abs(z))));
          const slope = tf.exp(tf.sub(tf.sub(logDensity(z, [b, a]), logRoot), above));
          return { value: tf.neg(above), slope };
        };
        const search = { low: tf.min(sided, last), high: tf.max(sided, last), steps: newtonSteps };
        return tf.mul(side, rootOf(onSide, tf.neg(logTail(tf.abs(y))), search));
      };

      const forward = (x: tf.Tensor) => {
        const { y, logSlope } = mapped(x, parameters, shrunk);
        return { value: y, logDerivative: tf.add(logSlope, Math.log1p(-shrinkage)) };
      };
      return {
        quantities: {},
        forward: (x) => onlyMoving(forward(x), x, moves),
        inverse(y) {
          const value = inverted(grown(y), parameters, at, root);
          return onlyMoving({ value, logDerivative: forward(value).logDerivative }, y, moves);
        },
      };
    },
  };
}
