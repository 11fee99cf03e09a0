/**
 * Monotone Bernstein polynomials (Arpogaus et al. 2022, "Short-Term Density Forecasting of Low-Voltage Load using
 * Bernstein-Polynomial Normalizing Flows"), as zuko's BoundedBernsteinTransform has them: in the interval ±bound a polynomial
 * whose coefficients rise from −bound to bound. A softmax of the conditioner's values says how; the first two and the last
 * two steps are the identity's, so that the slope is 1 and the curvature 0 at both ends.
 */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import { sumOver, withoutGradient } from '../core/tensors';
import { padLast, softmax, startsOf } from './rational-quadratic-bins';
import { inverted, rootOf, type Rising } from './roots';
import { onlyMoving, type Mapped, type UnivariateTransform } from './types';

export interface BernsteinOptions {
  /** One less than the values taken; the degree of the polynomial is 5 more. */
  degree: number;
  bound: number;
}

/** Share of the interval at both ends where the polynomial is left, as zuko leaves it: it has infinite logarithms there. */
const margin = 1e-6;
/** Fixed steps at each end. */
const fixed = 2;
/** Each squares the error, which is less than half of a cell at first. */
const newtonSteps = 5;

/** ln n! of the whole numbers to `most`. */
function logFactorials(most: number): number[] {
  const logs = [0];
  for (let n = 1; n <= most; n++) logs.push(logs[n - 1]! + Math.log(n));
  return logs;
}

export function bernstein({ degree, bound }: BernsteinOptions): UnivariateTransform {
  const values = degree + 1;
  const steps = values + 2 * fixed;
  const whole = 2 * bound;
  /** Between two coefficients of the identity. */
  const even = whole / steps;
  const logs = logFactorials(steps);
  /** Degree of the derivative. */
  const order = steps - 1;
  const logChoices = Array.from({ length: steps }, (_, i) => logs[order]! - logs[i]! - logs[order - i]!);
  const cells = 4 * steps;
  const cell = whole / cells;

  /** Terms of the derivative at the inner edges of all cells: a matrix [steps, cells − 1] for each half of the product (1 − u, u). */
  const grid = (weigh: (u: number) => number): tf.Tensor2D =>
    tf.tensor2d(
      Array.from({ length: steps * (cells - 1) }, (_, at) => {
        const [i, u] = [Math.floor(at / (cells - 1)), ((at % (cells - 1)) + 1) / cells];
        return weigh(u) * Math.exp(logChoices[i]! + i * Math.log(u) + (order - i) * Math.log1p(-u));
      }),
      [steps, cells - 1],
    );

  return {
    takes: [{ name: 'coefficients', size: values }],
    parameters: [],
    quantities: [],
    preservesVolume: false,
    map(_, [logits], moves) {
      const u = named('coefficients', logits!);
      const last = u.rank - 1;
      const inner = softmax(u, whole - 2 * fixed * even);
      // How far the steps and the coefficients are from the identity's: small numbers lose no digits.
      const more = named('steps', padLast(tf.sub(inner, even), fixed, fixed));
      const starts = named('starts', startsOf(more));
      const ends = named('ends', tf.add(starts, more));
      const rises = named('rises', tf.mul(tf.add(more, even), steps / whole));

      /** Value and slope at x of the interval. */
      const at = (x: tf.Tensor, [from, to, rise]: readonly [tf.Tensor, tf.Tensor, tf.Tensor]): Rising => {
        const place = named('place', tf.mul(tf.add(x, bound), 1 / whole));
        const rest = named('rest', tf.mul(tf.sub(bound, x), 1 / whole));
        const powers = (of: tf.Tensor, power: (i: number) => number): tf.Tensor =>
          tf.mul(
            tf.expandDims(tf.log(of), last),
            tf.tensor1d(Array.from({ length: steps }, (_, i) => power(i))),
          );
        const [rising, falling] = [powers(place, (i) => i), powers(rest, (i) => order - i)];
        const terms = tf.add(tf.add(rising, falling), tf.tensor1d(logChoices));
        const basis = named('basis', tf.exp(terms));
        const sum = (coefficients: tf.Tensor): tf.Tensor => sumOver(tf.mul(basis, coefficients), [last]);
        const above = tf.add(tf.mul(rest, sum(from)), tf.mul(place, sum(to)));
        return { value: tf.add(x, above), slope: sum(rise) };
      };

      const least = bound * (1 - 2 * margin);
      const withinPolynomial = (v: tf.Tensor): tf.Tensor => tf.clipByValue(v, -least, least);
      const shape = [starts, ends, rises] as const;

      /** x of y in the interval: the cell of a grid by counting, then Newton's method in it. */
      const root = (y: tf.Tensor, [from, to, rise]: typeof shape): tf.Tensor => {
        const half = (t: tf.Tensor, weigh: (u: number) => number): tf.Tensor =>
          tf.matMul(tf.reshape<tf.Rank.R2>(t, [-1, steps]), grid(weigh));
        const [falling, rising] = [half(from, (u) => 1 - u), half(to, (u) => u)];
        const identity = tf.tensor1d(Array.from({ length: cells - 1 }, (_, k) => (k + 1) * cell - bound));
        const edges = tf.add(tf.add(falling, rising), identity);
        const heights = tf.reshape(edges, [-1, ...u.shape.slice(1, -1), cells - 1]);
        const below = tf.cast(tf.lessEqual(heights, tf.expandDims(y, last)), 'float32');
        const low = named('cell', tf.sub(tf.mul(tf.sum(below, last), cell), bound));
        const inside = (x: tf.Tensor): Rising => at(withinPolynomial(x), [from, to, rise]);
        const x = rootOf(inside, y, { low, high: tf.add(low, cell), steps: newtonSteps });
        return withinPolynomial(x);
      };

      /** The polynomial inside of the interval; next to it values keep the distance that zuko has. */
      const piecewise = (v: tf.Tensor, away: number, inside: Required<Mapped>): Mapped => {
        const isInside = withoutGradient(v, (x) => tf.less(tf.abs(x), away > 0 ? least : bound));
        const outside = withoutGradient(v, (x) => tf.mul(tf.sign(x), away));
        const still = tf.zerosLike(inside.logDerivative);
        const value = tf.where(isInside, inside.value, tf.add(v, outside));
        const logDerivative = tf.where(isInside, inside.logDerivative, still);
        return onlyMoving({ value, logDerivative }, v, moves);
      };

      return {
        quantities: {},
        forward(v) {
          const x = named('inside', withinPolynomial(v));
          const { value, slope } = at(x, shape);
          return piecewise(v, whole * margin, { value, logDerivative: tf.log(slope) });
        },
        inverse(v) {
          const y = named('inside', tf.clipByValue(v, -bound, bound));
          const value = inverted(y, shape, at, root);
          const { slope: there } = at(withinPolynomial(value), shape);
          return piecewise(v, -whole * margin, { value, logDerivative: tf.log(there) });
        },
      };
    },
  };
}
