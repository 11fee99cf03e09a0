/**
 * Monotone rational-quadratic splines (Durkan et al. 2019, "Neural Spline Flows"): between two knots a quotient of two
 * quadratics, outside of the interval the identity. Each element takes K widths and K heights of bins, which a softmax makes
 * shares of the interval, and K − 1 slopes at the inner knots; the slopes at both ends are 1, so that the tails fit. Or both
 * ends have slopes of their own; or the interval is a circle with one slope where its ends meet (Rezende et al. 2020,
 * "Normalizing Flows on Tori and Spheres").
 */
import * as tf from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import type { TransformConfig } from '../../config/layer-parts';
import type { ModelConfig } from '../../config/schema';
import { transformParameters } from '../../config/transforms';
import { withoutGradient } from '../core/tensors';
import { named } from '../core/scope';
import { padLast, softmax, splineOf, startsOf, type Bins, type Slopes } from './rational-quadratic-bins';
import { type Mapped, type UnivariateTransform, onlyMoving } from './types';
import type { SplineInterval } from '../../config/convention-fields';

export type RationalQuadraticOptions = Omit<
  Extract<TransformConfig, { kind: 'rationalQuadratic' }>,
  'kind' | 'direction'
>;

/**
 * How what the conditioner gives becomes shares and slopes: all zeros become slopes of 1 and equal bins, or of half that
 * size at both ends.
 */
interface KnotMap {
  /** Values that the sizes along an axis are made of. */
  taken: number;
  /** Sizes of the bins, which add up to the interval. */
  sizes(u: tf.Tensor): tf.Tensor;
  slopes(u: tf.Tensor): tf.Tensor;
}

function knotMap({ bins, bound, map, floor, slope }: RationalQuadraticOptions): KnotMap {
  const whole = 2 * bound;
  const clipped = (u: tf.Tensor, factor: number): tf.Tensor =>
    tf.div(u, tf.add(tf.abs(tf.mul(u, factor / Math.log(slope))), 1));
  const sizesOf = (u: tf.Tensor, count: number): tf.Tensor =>
    tf.add(softmax(u, whole * (1 - floor * count)), whole * floor);
  // The softplus of what is added is 1 − least.
  const slopesOf = (u: tf.Tensor, least: number): tf.Tensor =>
    tf.add(tf.softplus(tf.add(u, inverseSoftplus(1 - least))), least);
  switch (map) {
    case 'softmax-floor':
    case 'softmax-slope': {
      const least = map === 'softmax-floor' ? floor : slope;
      return { taken: bins, sizes: (u) => sizesOf(u, bins), slopes: (u) => slopesOf(u, least) };
    }
    case 'soft-clip':
      return {
        taken: bins,
        sizes: (u) => softmax(clipped(u, 2), whole),
        slopes: (u) => tf.exp(clipped(u, 1)),
      };
    case 'softmax-halves':
      return {
        taken: bins - 1,
        sizes(u) {
          const last = u.rank - 1;
          const [first, rest] = tf.split(sizesOf(u, bins - 1), [1, bins - 2], last) as [tf.Tensor, tf.Tensor];
          const half = tf.mul(first, 0.5);
          return tf.concat([half, rest, half], last);
        },
        slopes: (u) => slopesOf(u, slope),
      };
  }
}

function slopesTaken({ bins, ends }: Pick<RationalQuadraticOptions, 'bins' | 'ends'>): number {
  return { linear: bins - 1, 'half-turn': bins - 1, circular: bins, box: bins + 1 }[ends];
}

/** What is taken for all K + 1 slopes: 0, for a slope of 1, at the ends of linear tails; the same at both of a circle. */
function withEnds(inner: tf.Tensor, ends: ModelConfig['splineEnds']): tf.Tensor {
  if (ends === 'box') return inner;
  if (ends !== 'circular') return padLast(inner, 1, 1);
  const last = inner.rank - 1;
  const [first] = tf.split(inner, [1, inner.shape[last]! - 1], last) as [tf.Tensor, tf.Tensor];
  return tf.concat([inner, first], last);
}

/** The same for one knot of K + 1: which of the values it takes; undefined for 0. */
function takenAt(
  knot: number,
  { bins, ends }: Pick<RationalQuadraticOptions, 'bins' | 'ends'>,
): number | undefined {
  if (ends === 'box') return knot;
  if (ends === 'circular') return knot % bins;
  return knot > 0 && knot < bins ? knot - 1 : undefined;
}

/** The place v + from of a circle of circumference 2·bound that begins at 0, as a number of [−bound, bound). */
function onCircle(v: tf.Tensor, bound: number, from: number): tf.Tensor {
  const turns = withoutGradient(v, (x) => tf.floor(tf.div(tf.add(x, from), 2 * bound)));
  return tf.add(tf.sub(v, tf.mul(turns, 2 * bound)), from - bound);
}

export function rationalQuadratic(options: RationalQuadraticOptions): UnivariateTransform {
  const { bins, bound, center, ends } = options;
  const knots = knotMap(options);
  const counts = { widths: knots.taken, heights: knots.taken, derivatives: slopesTaken(options) };

  const binsOf = (u: tf.Tensor): Bins => {
    const sizes = knots.sizes(u);
    return { sizes, starts: tf.sub(startsOf(sizes), bound) };
  };

  return {
    takes: transformParameters.rationalQuadratic.map((name) => ({ name, size: counts[name] })),
    parameters: [],
    quantities: [],
    preservesVolume: false,
    spline: { bins, bound, center, ends },
    map(_, params, moves) {
      const [widths, heights, inner] = params as [tf.Tensor, tf.Tensor, tf.Tensor];
      named('widths', widths);
      named('heights', heights);
      named('slopes', inner);
      const [x, y] = [binsOf(widths), binsOf(heights)];
      for (const [axis, of] of Object.entries({ x, y })) {
        named(`${axis}_sizes`, of.sizes);
        named(`${axis}_starts`, of.starts);
      }
      const last = widths.rank - 1;
      // A single one comes without an axis of its own.
      const derivatives = counts.derivatives === 1 ? tf.expandDims(inner, last) : inner;
      const slopes: Slopes = {
        taken: derivatives,
        at: (knot) => takenAt(knot, options),
        slope: knots.slopes,
      };
      const spline = splineOf(x, y, slopes);
      const edge = tf.fill([...widths.shape.slice(0, -1), 1], bound);

      /**
       * The spline inside of the interval, the identity outside of it and where nothing moves.
       * @param before, after from the values that are given to the interval around 0, and back
       */
      const piecewise = (
        input: tf.Tensor,
        spline: (inside: tf.Tensor) => Required<Mapped>,
        { before, after }: { before: (v: tf.Tensor) => tf.Tensor; after: (v: tf.Tensor) => tf.Tensor },
      ): Mapped => {
        const v = before(input);
        // What lies outside is brought to the edge first: there the spline and its gradients are finite.
        const { value, logDerivative } = spline(named('inside', tf.clipByValue(v, -bound, bound)));
        named('log_slope', logDerivative);
        named('value', value);
        const inside = withoutGradient(v, (x) => {
          const near = tf.lessEqual(tf.abs(x), bound);
          return moves ? tf.logicalAnd(near, tf.cast(moves, 'bool')) : near;
        });
        const mapped = after(tf.where(inside, value, v));
        return {
          // What does not move is as it was given, to the last bit.
          value:
            moves && mapsAxis
              ? tf.where(tf.broadcastTo(tf.cast(moves, 'bool'), input.shape), mapped, input)
              : mapped,
          logDerivative: tf.where(inside, logDerivative, tf.zerosLike(logDerivative)),
        };
      };
      const centered = (v: tf.Tensor): tf.Tensor => (center === 0 ? v : tf.sub(v, center));
      const placed = (v: tf.Tensor): tf.Tensor => (center === 0 ? v : tf.add(v, center));
      const mapsAxis = center !== 0 || ends === 'circular' || ends === 'half-turn';
      const wrapped = (v: tf.Tensor): tf.Tensor => (ends === 'circular' ? onCircle(v, bound, bound) : v);
      const turned = (v: tf.Tensor): tf.Tensor => (ends === 'half-turn' ? onCircle(v, bound, 0) : v);

      return {
        quantities: {},
        knots: {
          x: placed(tf.concat([x.starts, edge], last)),
          y: placed(tf.concat([y.starts, edge], last)),
          slopes: knots.slopes(withEnds(derivatives, ends)),
        },
        forward: (v) =>
          piecewise(v, spline.forward, { before: (v) => turned(wrapped(centered(v))), after: placed }),
        inverse: (v) =>
          piecewise(v, spline.inverse, {
            before: (v) => wrapped(centered(v)),
            after: (v) => placed(turned(v)),
          }),
      };
    },
  };
}

/** Added to what a width or height is made of; with it zeros give nearly the whole of the domain. */
const sizeOffset = Math.sinh(1) * inverseSoftplus(1);

/**
 * Rational-quadratic splines whose interval is learned too (BayesFlow): each element takes the left edge and the bottom edge
 * of the square that the spline crosses, its width and height, and then what any spline takes. Outside, the map goes on as
 * the line through the two corners, which has the slope of the spline at both ends.
 * @param bins number K of them, at least 2
 */
export function splineOfOwnInterval(bins: number, interval: SplineInterval): UnivariateTransform {
  const [left, right, bottom, top] = interval.domain;
  const counts = { interval: 4, widths: bins, heights: bins, derivatives: bins - 1 };
  const leastWidth = Math.max(interval.leastWidth, bins * interval.leastBinWidth);
  const leastHeight = Math.max(interval.leastHeight, bins * interval.leastBinHeight);
  const sizeOf = (u: tf.Tensor, usual: number, least: number): tf.Tensor =>
    tf.add(tf.mul(asinh(tf.softplus(tf.add(u, sizeOffset))), usual - least), least);
  const binsOf = (u: tf.Tensor, start: tf.Tensor, size: tf.Tensor, least: number): Bins => {
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
    spline: { bins, center: (left + right) / 2, bound: (right - left) / 2, ends: 'lines' },
    map(_, params, moves) {
      const [edges, widths, heights, inner] = params as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const last = widths.rank - 1;
      const [x0, y0, u, v] = tf.split(edges, 4, last) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const [start, width] = [tf.add(x0, left), sizeOf(u, right - left, leastWidth)];
      const [floor, height] = [tf.add(y0, bottom), sizeOf(v, top - bottom, leastHeight)];
      const x = binsOf(widths, start, width, interval.leastBinWidth);
      const y = binsOf(heights, floor, height, interval.leastBinHeight);
      const slope = tf.div(height, width);
      // A single one comes without an axis of its own.
      const between = counts.derivatives === 1 ? tf.expandDims(inner, last) : inner;
      const slopes = tf.concat([slope, tf.softplus(tf.add(between, inverseSoftplus(1))), slope], last);
      const spline = splineOf(x, y, { taken: slopes, at: (knot) => knot, slope: (value) => value });

      const each = (values: tf.Tensor): tf.Tensor => tf.reshape(values, [-1, ...values.shape.slice(1, -1)]);
      const [low, high] = [each(start), each(tf.add(start, width))];
      const [under, over] = [each(floor), each(tf.add(floor, height))];
      const [rise, logRise] = [each(slope), each(tf.log(slope))];
      const piecewise = (
        value: tf.Tensor,
        inner: (inside: tf.Tensor) => Required<Mapped>,
        [from, to]: readonly [tf.Tensor, tf.Tensor],
        line: tf.Tensor,
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
function asinh(v: tf.Tensor): tf.Tensor {
  return tf.log(tf.add(v, tf.sqrt(tf.add(tf.square(v), 1))));
}
