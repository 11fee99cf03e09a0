/**
 * Rational-quadratic splines whose interval is learned too (BayesFlow): each element takes the left edge and the bottom edge
 * of the square that the spline crosses, its width and height, and then what any spline takes. Outside, the map goes on as
 * the line through the two corners, which has the slope of the spline at both ends.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import type { SplineInterval } from '../../config/convention-fields';
import { transformParameters } from '../../config/transforms';
import { withoutGradient } from '../core/tensors';
import { softmax, splineOf, startsOf, type Bins } from './rational-quadratic-bins';
import { onlyMoving, type Mapped, type UnivariateTransform } from './types';

/** Added to what a width or height is made of; with it zeros give nearly the whole of the domain. */
const sizeOffset = Math.sinh(1) * inverseSoftplus(1);

/** @param bins number K of them, at least 2 */
export function splineOfOwnInterval(bins: number, interval: SplineInterval): UnivariateTransform {
  const [left, right, bottom, top] = interval.domain;
  const counts = { interval: 4, widths: bins, heights: bins, derivatives: bins - 1 };
  const leastWidth = Math.max(interval.leastWidth, bins * interval.leastBinWidth);
  const leastHeight = Math.max(interval.leastHeight, bins * interval.leastBinHeight);
  const sizeOf = (u: Tensor, usual: number, least: number): Tensor =>
    tf.add(tf.mul(asinh(tf.softplus(tf.add(u, sizeOffset))), usual - least), least);
  const binsOf = (u: Tensor, start: Tensor, size: Tensor, least: number): Bins => {
    const sizes = tf.add(tf.mul(softmax(u), tf.sub(size, bins * least)), least);
    return { sizes, starts: tf.add(start, startsOf(sizes)) };
  };
  return {
    takes: (['interval', ...transformParameters.rationalQuadratic] as const).map((name) => ({
      name,
      size: counts[name],
    })),
    parameters: [],
    quantities: [],
    preservesVolume: false,
    spline: {
      bins,
      center: (left + right) / 2,
      bound: (right - left) / 2,
      ends: 'lines',
    },
    map(_, given, moves) {
      const [edges, widths, heights, inner] = given as [Tensor, Tensor, Tensor, Tensor];
      const last = widths.rank - 1;
      const [x0, y0, u, v] = tf.split(edges, 4, last) as [Tensor, Tensor, Tensor, Tensor];
      const [start, width] = [tf.add(x0, left), sizeOf(u, right - left, leastWidth)];
      const [floor, height] = [tf.add(y0, bottom), sizeOf(v, top - bottom, leastHeight)];
      const x = binsOf(widths, start, width, interval.leastBinWidth);
      const y = binsOf(heights, floor, height, interval.leastBinHeight);
      const slope = tf.div(height, width);
      // A single one comes without an axis of its own.
      const between = counts.derivatives === 1 ? tf.expandDims(inner, last) : inner;
      const slopes = tf.concat([slope, tf.softplus(tf.add(between, inverseSoftplus(1))), slope], last);
      const spline = splineOf(x, y, { taken: slopes, at: (knot) => knot, slope: (given) => given });

      const each = (values: Tensor): Tensor => tf.reshape(values, [-1, ...values.shape.slice(1, -1)]);
      const [low, high] = [each(start), each(tf.add(start, width))];
      const [under, over] = [each(floor), each(tf.add(floor, height))];
      const [rise, logRise] = [each(slope), each(tf.log(slope))];
      const piecewise = (
        value: Tensor,
        inner: (inside: Tensor) => Required<Mapped>,
        [from, to]: readonly [Tensor, Tensor],
        line: Tensor,
      ): Mapped => {
        // What lies outside is brought to the edge first: there the spline and its gradients are finite.
        const mapped = inner(tf.minimum(tf.maximum(value, from), to));
        const inside = withoutGradient(tf.sub(value, from), (past) =>
          tf.logicalAnd(tf.greater(past, 0), tf.lessEqual(value, to)),
        );
        const moved = tf.where(inside, mapped.value, line);
        const logDerivative = tf.where(inside, mapped.logDerivative, logRise);
        return onlyMoving({ value: moved, logDerivative }, value, moves);
      };
      return {
        quantities: {},
        knots: {
          x: tf.concat([x.starts, tf.add(start, width)], last),
          y: tf.concat([y.starts, tf.add(floor, height)], last),
          slopes,
        },
        forward: (value) =>
          piecewise(value, spline.forward, [low, high], tf.add(under, tf.mul(tf.sub(value, low), rise))),
        inverse: (value) =>
          piecewise(value, spline.inverse, [under, over], tf.add(low, tf.div(tf.sub(value, under), rise))),
      };
    },
  };
}

/** Inverse hyperbolic sine of a positive value: ln(v + √(v² + 1)). */
function asinh(v: Tensor): Tensor {
  return tf.log(tf.add(v, tf.sqrt(tf.add(tf.square(v), 1))));
}
