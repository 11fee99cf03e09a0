/**
 * What all rational-quadratic splines have in common, whatever their interval and tails: between two knots a quotient of two
 * quadratics (Durkan et al. 2019, "Neural Spline Flows").
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sumOver, withoutGradient } from '../tensors';
import type { Mapped } from './types';

/** The bins of one axis, [N, …, K] each. */
export interface Bins {
  starts: Tensor;
  sizes: Tensor;
}

/** Over the last axis. Its gradient is written out, so that none is taken of the maximum. */
export function softmax(u: Tensor): Tensor {
  const last = u.rank - 1;
  return tf.customGrad((input) => {
    const x = input as Tensor;
    const e = tf.exp(tf.sub(x, tf.max(x, last, true)));
    const value = tf.div(e, tf.sum(e, last, true));
    return {
      value,
      gradFunc: (dy: Tensor) => tf.mul(value, tf.sub(dy, tf.sum(tf.mul(dy, value), last, true))),
    };
  })(u);
}

/** With zeros before and after, along the last axis. */
export function padLast(x: Tensor, before: number, after: number): Tensor {
  return tf.pad(x, [...x.shape.slice(1).map((): [number, number] => [0, 0]), [before, after]]);
}

/** 1 for the bin that each value lies in, 0 for the others: [N, …] → [N, …, K]. Values lie in the interval. */
function binOf(value: Tensor, { starts }: Bins): Tensor {
  const last = starts.rank - 1;
  const [bins] = starts.shape.slice(-1) as [number];
  const begun = withoutGradient(tf.sub(tf.expandDims(value, last), starts), (past) =>
    tf.cast(tf.greaterEqual(past, 0), 'float32'),
  );
  const [, later] = tf.split(begun, [1, bins - 1], last) as [Tensor, Tensor];
  return tf.sub(begun, padLast(later, 0, 1));
}

/** The spline with these bins and slopes, the latter [N, …, K + 1], of values [N, …] that lie in the interval. */
export function splineOf(
  x: Bins,
  y: Bins,
  slopes: Tensor,
): Record<'forward' | 'inverse', (inside: Tensor) => Required<Mapped>> {
  const last = slopes.rank - 1;
  const bins = slopes.shape[last]! - 1;
  const [atStart] = tf.split(slopes, [bins, 1], last) as [Tensor, Tensor];
  const [, atEnd] = tf.split(slopes, [1, bins], last) as [Tensor, Tensor];

  /** What a bin's formula is written in, [N, …] each. */
  const within = (bin: Tensor) => {
    const pick = (values: Tensor): Tensor => sumOver(tf.mul(bin, values), [last]);
    const [width, height] = [pick(x.sizes), pick(y.sizes)];
    const parts = { x0: pick(x.starts), y0: pick(y.starts), width, height };
    return { ...parts, mean: tf.div(height, width), d0: pick(atStart), d1: pick(atEnd) };
  };
  type Within = ReturnType<typeof within>;
  const both = ({ d0, d1, mean }: Within): Tensor => tf.sub(tf.add(d0, d1), tf.mul(mean, 2));

  /** Both y and ln dy/dx at a place θ of the bin, 0 to 1. */
  const at = (place: Tensor, bin: Within): { y: Tensor; logDerivative: Tensor } => {
    const { y0, height, mean, d0, d1 } = bin;
    const rest = tf.sub(1, place);
    const product = tf.mul(place, rest);
    const square = tf.square(place);
    const below = tf.add(mean, tf.mul(both(bin), product));
    const share = tf.div(tf.add(tf.mul(mean, square), tf.mul(d0, product)), below);
    const slope = tf.add(
      tf.add(tf.mul(d1, square), tf.mul(tf.mul(mean, 2), product)),
      tf.mul(d0, tf.square(rest)),
    );
    return {
      y: tf.add(y0, tf.mul(height, share)),
      logDerivative: tf.sub(tf.add(tf.mul(tf.log(mean), 2), tf.log(slope)), tf.mul(tf.log(below), 2)),
    };
  };

  return {
    forward(inside) {
      const bin = within(binOf(inside, x));
      const { y: value, logDerivative } = at(tf.div(tf.sub(inside, bin.x0), bin.width), bin);
      return { value, logDerivative };
    },
    inverse(inside) {
      const bin = within(binOf(inside, y));
      const { x0, y0, width, height, mean, d0 } = bin;
      // The root of a θ² + b θ + c in [0, 1], in the form that loses no digits (appendix A.3 of the paper).
      const rise = tf.sub(inside, y0);
      const common = tf.mul(rise, both(bin));
      const a = tf.add(tf.mul(height, tf.sub(mean, d0)), common);
      const b = tf.sub(tf.mul(height, d0), common);
      const c = tf.neg(tf.mul(mean, rise));
      // Rounding may leave less than nothing, and a root has no gradient at 0.
      const discriminant = tf.maximum(tf.sub(tf.square(b), tf.mul(tf.mul(a, c), 4)), 1e-20);
      const root = tf.sqrt(discriminant);
      const place = tf.clipByValue(tf.div(tf.mul(c, -2), tf.add(b, root)), 0, 1);
      return { value: tf.add(x0, tf.mul(place, width)), logDerivative: at(place, bin).logDerivative };
    },
  };
}
