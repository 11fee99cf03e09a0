/**
 * Monotone rational-quadratic splines (Durkan et al. 2019, "Neural Spline Flows"): between two knots a quotient of two
 * quadratics, outside of the interval the identity. Each element takes K widths and K heights of bins, which a softmax makes
 * shares of the interval, and K − 1 slopes at the inner knots; the slopes at both ends are 1, so that the tails fit. Or both
 * ends have slopes of their own; or the interval is a circle with one slope where its ends meet (Rezende et al. 2020,
 * "Normalizing Flows on Tori and Spheres").
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { inverseSoftplus } from '../../base/softplus';
import type { TransformConfig } from '../../config/layer-parts';
import type { ModelConfig } from '../../config/schema';
import { transformParameters } from '../../config/transforms';
import { withoutGradient } from '../core/tensors';
import { named } from '../core/scope';
import { padLast, softmax, splineOf, startsOf, type Bins, type Slopes } from './rational-quadratic-bins';
import type { Mapped, UnivariateTransform } from './types';

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
  sizes(u: Tensor): Tensor;
  slopes(u: Tensor): Tensor;
}

function knotMap({ bins, bound, map, floor, slope }: RationalQuadraticOptions): KnotMap {
  const whole = 2 * bound;
  const clipped = (u: Tensor, factor: number): Tensor =>
    tf.div(u, tf.add(tf.abs(tf.mul(u, factor / Math.log(slope))), 1));
  const sizesOf = (u: Tensor, count: number): Tensor =>
    tf.add(softmax(u, whole * (1 - floor * count)), whole * floor);
  // The softplus of what is added is 1 − least.
  const slopesOf = (u: Tensor, least: number): Tensor =>
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
          const [first, rest] = tf.split(sizesOf(u, bins - 1), [1, bins - 2], last) as [Tensor, Tensor];
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
function withEnds(inner: Tensor, ends: ModelConfig['splineEnds']): Tensor {
  if (ends === 'box') return inner;
  if (ends !== 'circular') return padLast(inner, 1, 1);
  const last = inner.rank - 1;
  const [first] = tf.split(inner, [1, inner.shape[last]! - 1], last) as [Tensor, Tensor];
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
function onCircle(v: Tensor, bound: number, from: number): Tensor {
  const turns = withoutGradient(v, (x) => tf.floor(tf.div(tf.add(x, from), 2 * bound)));
  return tf.add(tf.sub(v, tf.mul(turns, 2 * bound)), from - bound);
}

export function rationalQuadratic(options: RationalQuadraticOptions): UnivariateTransform {
  const { bins, bound, center, ends } = options;
  const knots = knotMap(options);
  const counts = { widths: knots.taken, heights: knots.taken, derivatives: slopesTaken(options) };

  const binsOf = (u: Tensor): Bins => {
    const sizes = knots.sizes(u);
    return { sizes, starts: tf.sub(startsOf(sizes), bound) };
  };

  return {
    takes: transformParameters.rationalQuadratic.map((name) => ({ name, size: counts[name] })),
    parameters: [],
    quantities: [],
    preservesVolume: false,
    spline: { bins, bound, center, ends },
    map(_, given, moves) {
      const [widths, heights, inner] = given as [Tensor, Tensor, Tensor];
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
        given: Tensor,
        spline: (inside: Tensor) => Required<Mapped>,
        { before, after }: { before: (v: Tensor) => Tensor; after: (v: Tensor) => Tensor },
      ): Mapped => {
        const v = before(given);
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
              ? tf.where(tf.broadcastTo(tf.cast(moves, 'bool'), given.shape), mapped, given)
              : mapped,
          logDerivative: tf.where(inside, logDerivative, tf.zerosLike(logDerivative)),
        };
      };
      const centered = (v: Tensor): Tensor => (center === 0 ? v : tf.sub(v, center));
      const placed = (v: Tensor): Tensor => (center === 0 ? v : tf.add(v, center));
      const mapsAxis = center !== 0 || ends === 'circular' || ends === 'half-turn';
      const wrapped = (v: Tensor): Tensor => (ends === 'circular' ? onCircle(v, bound, bound) : v);
      const turned = (v: Tensor): Tensor => (ends === 'half-turn' ? onCircle(v, bound, 0) : v);

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
