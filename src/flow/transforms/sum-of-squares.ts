/**
 * Sums of squares of polynomials (Jaini et al. 2019, "Sum-of-Squares Polynomial Flow"), as zuko's SOSPolynomialTransform has
 * them: the slope at x is the mean of K squares (1 + a₀ + a₁u + … + a_L u^L)² with u = x / bound, and a least slope. The value
 * is the slope's integral from 0, and a shift. L + 1 points of Gauss and Legendre integrate such a square exactly, and add up
 * positive numbers alone, where a sum of its powers would lose digits.
 */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import { sumOver } from '../core/tensors';
import { inverted, rootOf, type Rising } from './roots';
import { onlyMoving, type UnivariateTransform } from './types';

export interface SumOfSquaresOptions {
  degree: number;
  polynomials: number;
  /** What x is divided by. */
  bound: number;
  /** Added to the slope. */
  slope: number;
  /** Added to a₁, from −spread to spread: polynomials that start alike would stay alike. */
  spread: number;
  /** At last, y becomes y / (1 + |y / clip|). */
  clip?: number | undefined;
}

/** As near to ±clip as the inverse takes a value; there is nothing from there on. */
const nearest = 1 - 1e-5;
/** Values of |x| / bound between which a root is sought: evenly to 1, then each √2 times the one before. */
const edges = [
  ...Array.from({ length: 16 }, (_, i) => i / 16),
  ...Array.from({ length: 27 }, (_, i) => 2 ** (i / 2)),
  2 ** 20,
];
const newtonSteps = 8;

/** Points and weights that integrate polynomials of degree 2·count − 1 from 0 to 1. */
export function gaussLegendre(count: number): { point: number; weight: number }[] {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < 50; step++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= count; n++)
        [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      slope = (count * (before - x * value)) / (1 - x * x);
      x -= value / slope;
    }
    return { point: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}

export function sumOfSquares(options: SumOfSquaresOptions): UnivariateTransform {
  const { degree, polynomials, bound, slope: least, spread, clip } = options;
  const terms = degree + 1;
  const rule = gaussLegendre(terms);
  const weights = (): tf.Tensor => tf.tensor1d(rule.map(({ weight }) => weight));
  const powersOf = Array.from({ length: degree }, (_, i) => i + 1);
  /** Where the polynomials are taken, as shares of x: the points of the integral, then x itself. */
  const places = [...rule.map(({ point }) => point), 1];
  const offsets = Array.from({ length: polynomials * terms }, (_, i) => {
    const number = Math.floor(i / terms);
    return i % terms === 1 && polynomials > 1 ? spread * ((2 * number) / (polynomials - 1) - 1) : 0;
  });

  /** Means of the squares at points [0 … 1] of x, [M, points]. @param each terms of the polynomials at x, [M, K, L] */
  const squaresAt = (each: tf.Tensor, constant: tf.Tensor, points: readonly number[]): tf.Tensor => {
    // Finite, so that coefficients of 0 stay 0.
    const shares = powersOf.flatMap((power) => points.map((point) => Math.min(point ** power, 1e30)));
    const sums = tf.matMul(
      tf.reshape<tf.Rank.R2>(each, [-1, degree]),
      tf.tensor2d(shares, [degree, points.length]),
    );
    const values = tf.add(tf.reshape(sums, [-1, polynomials, points.length]), constant);
    return tf.mul(sumOver(tf.square(values), [1]), 1 / polynomials);
  };

  return {
    takes: [
      { name: 'coefficients', size: polynomials * terms },
      { name: 'shift', size: 1 },
    ],
    parameters: [],
    quantities: [],
    preservesVolume: false,
    map(_, [values, shift], moves) {
      const taken = named('coefficients', values!);
      const last = taken.rank - 1;
      const coefficients = spread > 0 && polynomials > 1 ? tf.add(taken, tf.tensor1d(offsets)) : taken;

      const [first, rest] = tf.split(tf.reshape(coefficients, [-1, polynomials, terms]), [1, degree], 2);
      const parameters = [tf.add(first!, 1), rest!] as const;
      type Parameters = typeof parameters;

      const at = (x: tf.Tensor, [constant, others]: Parameters): Rising => {
        const u = named('place', tf.mul(tf.expandDims(x, last), 1 / bound));
        const powers = tf.pow(u, tf.tensor1d(powersOf, 'float32'));
        const each = tf.mul(others, tf.reshape(powers, [-1, 1, degree]));
        const means = squaresAt(each, constant, places);
        const [inner, there] = tf.split(means, [terms, 1], 1) as [tf.Tensor, tf.Tensor];
        const integral = sumOver(tf.mul(inner, weights()), [1]);
        const [rise, slope] = [integral, there].map((mean) =>
          tf.add(tf.reshape(mean, [-1, ...x.shape.slice(1)]), least),
        ) as [tf.Tensor, tf.Tensor];
        return { value: tf.mul(x, rise), slope: named('slope', slope) };
      };

      /** |x| lies between two edges. Counting the edges at which the function is at most |y| finds them. */
      const root = (y: tf.Tensor, [constant, others]: Parameters): tf.Tensor => {
        const side = tf.sign(y);
        const target = tf.abs(y);
        const signs = tf.pow(tf.reshape(side, [-1, 1, 1]), tf.tensor1d(powersOf, 'float32'));
        const inner = edges.slice(1, -1);
        const points = inner.flatMap((edge) => rule.map(({ point }) => edge * point));
        const means = squaresAt(tf.mul(others, signs), constant, points);
        const integrals = sumOver(tf.mul(tf.reshape(means, [-1, inner.length, terms]), weights()), [2]);
        const heights = tf.mul(tf.add(integrals, least), tf.tensor1d(inner.map((edge) => edge * bound)));
        const below = tf.cast(tf.lessEqual(heights, tf.reshape(target, [-1, 1])), 'float32');
        const edgeFrom = (start: number): tf.Tensor => {
          const widths = inner.map((_, i) => (edges[start + i + 1]! - edges[start + i]!) * bound);
          const sum = tf.sum(tf.mul(below, tf.tensor1d(widths)), 1);
          return tf.add(tf.reshape(sum, [-1, ...y.shape.slice(1)]), edges[start]! * bound);
        };
        const onSide = (size: tf.Tensor): Rising => {
          const { value, slope } = at(tf.mul(side, size), [constant, others]);
          return { value: tf.mul(side, value), slope };
        };
        const search = { low: edgeFrom(0), high: edgeFrom(1), steps: newtonSteps };
        return tf.mul(side, rootOf(onSide, target, search));
      };

      /** 1 + |y / clip|. */
      const clipping = (y: tf.Tensor, limit: number): tf.Tensor => tf.add(tf.mul(tf.abs(y), 1 / limit), 1);
      return {
        quantities: {},
        forward(x) {
          const { value, slope } = at(x, parameters);
          const y = named('value', tf.add(value, shift!));
          if (clip === undefined) return onlyMoving({ value: y, logDerivative: tf.log(slope) }, x, moves);
          const past = clipping(y, clip);
          const logDerivative = tf.sub(tf.log(slope), tf.mul(tf.log(past), 2));
          return onlyMoving({ value: tf.div(y, past), logDerivative }, x, moves);
        },
        inverse(z) {
          let y = z;
          if (clip !== undefined) {
            const within = tf.clipByValue(z, -clip * nearest, clip * nearest);
            y = tf.div(within, tf.sub(1, tf.mul(tf.abs(within), 1 / clip)));
          }
          const value = inverted(tf.sub(y, shift!), parameters, at, root);
          const { slope } = at(value, parameters);
          const logDerivative =
            clip === undefined ? tf.log(slope) : tf.sub(tf.log(slope), tf.mul(tf.log(clipping(y, clip)), 2));
          return onlyMoving({ value, logDerivative }, z, moves);
        },
      };
    },
  };
}
