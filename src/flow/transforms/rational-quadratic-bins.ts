/**
 * What all rational-quadratic splines have in common, whatever their interval and tails: between two knots a quotient of two
 * quadratics (Durkan et al. 2019, "Neural Spline Flows").
 */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';
import { sumOver, withoutGradient } from '../core/tensors';
import type { Mapped } from './types';

/** The bins of one axis, [N, …, K] each. */
export interface Bins {
  starts: tf.Tensor;
  sizes: tf.Tensor;
}

/** Over the last axis, times a number. Its gradient is written out, so that none is taken of the maximum. */
export function softmax(u: tf.Tensor, total = 1): tf.Tensor {
  const last = u.rank - 1;
  return tf.customGrad((input) => {
    const x = input as tf.Tensor;
    const e = tf.exp(tf.sub(x, tf.max(x, last, true)));
    const value = tf.mul(e, tf.div(total, tf.sum(e, last, true)));
    return {
      value,
      gradFunc: (dy: tf.Tensor) => {
        const mean = tf.mul(tf.sum(tf.mul(dy, value), last, true), 1 / total);
        return tf.mul(value, tf.sub(dy, mean));
      },
    };
  })(u);
}

/** With zeros before and after, along the last axis. */
export function padLast(x: tf.Tensor, before: number, after: number): tf.Tensor {
  return tf.pad(x, [...x.shape.slice(1).map((): [number, number] => [0, 0]), [before, after]]);
}

/**
 * [N, …, K] times a matrix [K, columns] of small whole numbers. Sums, differences and choices along an axis as short as that
 * of bins take several times as long when they are written as such.
 */
function combine(x: tf.Tensor, columns: number, entry: (row: number, column: number) => number): tf.Tensor {
  const rows = x.shape.at(-1)!;
  const matrix = tf.tensor2d(
    Array.from({ length: rows * columns }, (_, i) => entry(Math.floor(i / columns), i % columns)),
    [rows, columns],
  );
  const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [-1, rows]), matrix);
  return tf.reshape(product, [-1, ...x.shape.slice(1, -1), columns]);
}

/** Where bins start that lie side by side, the first one at 0. */
export function startsOf(sizes: tf.Tensor): tf.Tensor {
  return combine(sizes, sizes.shape.at(-1)!, (from, to) => Number(from < to));
}

/** What the conditioner gives for the slopes. */
export interface Slopes {
  /** [N, …, count] */
  taken: tf.Tensor;
  /** Which of these a knot takes, of K + 1; undefined for 0. */
  at(knot: number): number | undefined;
  /** From what is taken to the slope, element by element. */
  slope(taken: tf.Tensor): tf.Tensor;
}

/** The spline with these bins and slopes, of values [N, …] that lie in the interval. */
export function splineOf(
  x: Bins,
  y: Bins,
  { taken, at: takenAt, slope }: Slopes,
): Record<'forward' | 'inverse', (inside: tf.Tensor) => Required<Mapped>> {
  const last = x.sizes.rank - 1;
  const bins = x.sizes.shape[last]!;

  /** What the formula of the bin is written in that each value lies in, [N, …] each. */
  const within = (value: tf.Tensor, { starts }: Bins) => {
    const begun = named(
      'begun',
      withoutGradient(tf.sub(tf.expandDims(value, last), starts), (past) =>
        tf.cast(tf.greaterEqual(past, 0), 'float32'),
      ),
    );
    /** 1 at the column that belongs to the bin. The next bin takes away what has begun before it. */
    const choice = (columns: number, columnOf: (bin: number) => number | undefined): tf.Tensor =>
      withoutGradient(begun, (b) =>
        combine(
          b,
          columns,
          (row, column) => Number(columnOf(row) === column) - Number(row > 0 && columnOf(row - 1) === column),
        ),
      );
    const bin = named(
      'bin',
      choice(bins, (k) => k),
    );
    const pick = (values: tf.Tensor, by = bin): tf.Tensor => sumOver(tf.mul(by, values), [last]);
    const slopeAt = (offset: number): tf.Tensor =>
      slope(
        pick(
          taken,
          choice(taken.shape[last]!, (k) => takenAt(k + offset)),
        ),
      );
    const [width, height] = [pick(x.sizes), pick(y.sizes)];
    const parts = { x0: pick(x.starts), y0: pick(y.starts), width, height };
    const [mean, d0, d1] = [tf.div(height, width), slopeAt(0), slopeAt(1)];
    const all = { ...parts, mean, d0, d1 };
    for (const [name, values] of Object.entries(all)) named(name, values);
    return all;
  };
  type Within = ReturnType<typeof within>;
  const both = ({ d0, d1, mean }: Within): tf.Tensor => tf.sub(tf.add(d0, d1), tf.mul(mean, 2));

  /** Both y and ln dy/dx at a place θ of the bin, 0 to 1. */
  const at = (place: tf.Tensor, bin: Within): { y: tf.Tensor; logDerivative: tf.Tensor } => {
    const { y0, height, mean, d0, d1 } = bin;
    named('place', place);
    const rest = named('rest', tf.sub(1, place));
    const product = named('product', tf.mul(place, rest));
    const square = named('square', tf.square(place));
    const below = named('below', tf.add(mean, tf.mul(both(bin), product)));
    const share = named('share', tf.div(tf.add(tf.mul(mean, square), tf.mul(d0, product)), below));
    const rise = named(
      'rise',
      tf.add(tf.add(tf.mul(d1, square), tf.mul(tf.mul(mean, 2), product)), tf.mul(d0, tf.square(rest))),
    );
    return {
      y: tf.add(y0, tf.mul(height, share)),
      logDerivative: tf.add(tf.mul(tf.log(tf.div(mean, below)), 2), tf.log(rise)),
    };
  };

  return {
    forward(inside) {
      const bin = within(inside, x);
      const { y: value, logDerivative } = at(tf.div(tf.sub(inside, bin.x0), bin.width), bin);
      return { value, logDerivative };
    },
    inverse(inside) {
      const bin = within(inside, y);
      const { x0, y0, width, height, mean, d0 } = bin;
      // The root of a θ² + b θ + c in [0, 1], in the form that loses no digits (appendix A.3 of the paper).
      const rise = named('rise', tf.sub(inside, y0));
      const common = named('common', tf.mul(rise, both(bin)));
      const a = named('a', tf.add(tf.mul(height, tf.sub(mean, d0)), common));
      const b = named('b', tf.sub(tf.mul(height, d0), common));
      const c = named('c', tf.neg(tf.mul(mean, rise)));
      // Rounding may leave less than nothing, and a root has no gradient at 0.
      const discriminant = named(
        'discriminant',
        tf.maximum(tf.sub(tf.square(b), tf.mul(tf.mul(a, c), 4)), 1e-20),
      );
      const root = tf.sqrt(discriminant);
      const place = tf.clipByValue(tf.div(tf.mul(c, -2), tf.add(b, root)), 0, 1);
      return { value: tf.add(x0, tf.mul(place, width)), logDerivative: at(place, bin).logDerivative };
    },
  };
}
