/**
 * Monotone Bernstein polynomials (Arpogaus et al. 2022, "Short-Term Density Forecasting of Low-Voltage Load using
 * Bernstein-Polynomial Normalizing Flows"), as zuko's BoundedBernsteinTransform has them: in the interval ±bound a polynomial
 * whose coefficients rise from −bound to bound. A softmax of the conditioner's values says how; the first two and the last
 * two steps are the identity's, so that the slope is 1 and the curvature 0 at both ends.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import { sumOver, withoutGradient } from '../core/tensors';
import { padLast, softmax, startsOf } from './rational-quadratic-bins';
import type { Mapped, UnivariateTransform } from './types';

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

/** Values, without gradients of how they are computed. */
function fixedValue(inputs: Tensor[], compute: (...inputs: Tensor[]) => Tensor): Tensor {
  return tf.customGrad((...given) => {
    const tensors = given.slice(0, inputs.length) as Tensor[];
    return { value: compute(...tensors), gradFunc: () => tensors.map((x) => tf.zerosLike(x)) };
  })(...inputs);
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
    map(_, [given], moves) {
      const u = named('coefficients', given!);
      const last = u.rank - 1;
      const inner = softmax(u, whole - 2 * fixed * even);
      // How far the steps and the coefficients are from the identity's: small numbers lose no digits.
      const more = named('steps', padLast(tf.sub(inner, even), fixed, fixed));
      const starts = named('starts', startsOf(more));
      const ends = named('ends', tf.add(starts, more));
      const rises = named('rises', tf.mul(tf.add(more, even), steps / whole));

      /** y − x and the slope at x of the interval. */
      const at = (x: Tensor, [from, to, rise]: readonly [Tensor, Tensor, Tensor]) => {
        const place = named('place', tf.mul(tf.add(x, bound), 1 / whole));
        const rest = named('rest', tf.mul(tf.sub(bound, x), 1 / whole));
        const powers = (of: Tensor, power: (i: number) => number): Tensor =>
          tf.mul(
            tf.expandDims(tf.log(of), last),
            tf.tensor1d(Array.from({ length: steps }, (_, i) => power(i))),
          );
        const basis = named(
          'basis',
          tf.exp(
            tf.add(
              tf.add(
                powers(place, (i) => i),
                powers(rest, (i) => order - i),
              ),
              tf.tensor1d(logChoices),
            ),
          ),
        );
        const sum = (coefficients: Tensor): Tensor => sumOver(tf.mul(basis, coefficients), [last]);
        return {
          more: tf.add(tf.mul(rest, sum(from)), tf.mul(place, sum(to))),
          slope: sum(rise),
        };
      };

      const least = bound * (1 - 2 * margin);
      const withinPolynomial = (v: Tensor): Tensor => tf.clipByValue(v, -least, least);
      const shape = [starts, ends, rises] as const;

      /** x of y in the interval: the cell of a grid by counting, then Newton's method in it. */
      const root = (y: Tensor, from: Tensor, to: Tensor, rise: Tensor): Tensor => {
        const flat = (t: Tensor): tf.Tensor2D => tf.reshape<tf.Rank.R2>(t, [-1, steps]);
        const edges = tf.add(
          tf.add(
            tf.matMul(
              flat(from),
              grid((u) => 1 - u),
            ),
            tf.matMul(
              flat(to),
              grid((u) => u),
            ),
          ),
          tf.tensor1d(Array.from({ length: cells - 1 }, (_, k) => (k + 1) * cell - bound)),
        );
        const heights = tf.reshape(edges, [-1, ...u.shape.slice(1, -1), cells - 1]);
        const below = tf.cast(tf.lessEqual(heights, tf.expandDims(y, last)), 'float32');
        const left = named('cell', tf.sub(tf.mul(tf.sum(below, last), cell), bound));
        const right = tf.add(left, cell);
        let x = tf.add(left, cell / 2);
        for (let step = 0; step < newtonSteps; step++) {
          const { more: above, slope } = at(withinPolynomial(x), [from, to, rise]);
          const next = tf.sub(x, tf.div(tf.sub(tf.add(x, above), y), slope));
          x = named('root', tf.minimum(tf.maximum(next, left), right));
        }
        return withinPolynomial(x);
      };

      /** The polynomial inside of the interval; next to it values keep the distance that zuko has. */
      const piecewise = (v: Tensor, away: number, inside: Required<Mapped>): Mapped => {
        const isInside = withoutGradient(v, (x) => tf.less(tf.abs(x), away > 0 ? least : bound));
        const outside = withoutGradient(v, (x) => tf.mul(tf.sign(x), away));
        const still = tf.zerosLike(inside.logDerivative);
        const value = tf.where(isInside, inside.value, tf.add(v, outside));
        const logDerivative = tf.where(isInside, inside.logDerivative, still);
        if (!moves) return { value, logDerivative };
        const moving = tf.broadcastTo(tf.cast(moves, 'bool'), v.shape);
        return { value: tf.where(moving, value, v), logDerivative: tf.where(moving, logDerivative, still) };
      };

      return {
        quantities: {},
        forward(v) {
          const x = named('inside', withinPolynomial(v));
          const { more: above, slope } = at(x, shape);
          return piecewise(v, whole * margin, { value: tf.add(x, above), logDerivative: tf.log(slope) });
        },
        inverse(v) {
          const y = named('inside', tf.clipByValue(v, -bound, bound));
          // One more step of Newton's method at the root, whose gradients are the inverse function's.
          const x = named('root', fixedValue([y, ...shape], root));
          const { more: above, slope } = at(x, shape);
          const steepness = fixedValue([slope], (s) => tf.add(s, 0));
          const value = tf.sub(x, tf.div(tf.sub(tf.add(x, above), y), steepness));
          const { slope: there } = at(withinPolynomial(value), shape);
          return piecewise(v, -whole * margin, { value, logDerivative: tf.log(there) });
        },
      };
    },
  };
}
