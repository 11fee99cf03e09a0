/** The splines of a layer of a vector flow, at one example: a curve for each feature that it maps. */
import type { Selection } from './selection';
import type { NdArray } from './tensors';

/** Shown of the axes, in intervals of a spline: a little more than it, so that the tails are seen. */
export const splineReach = 1.15;

/** Bars of a histogram over that; the ends of the interval lie between two. */
export const splineBars = 46;

/** Share of a feature's values outside of the interval from which on it counts as many. */
export const manyOutside = 0.03;

/** Facts of a layer whose map is a spline. */
export interface SplineInfo {
  /** Number K of bins. */
  bins: number;
  /** It is a spline on center ± bound. */
  bound: number;
  center: number;
  ends: SplineEnds;
  /** Whether x is the spline of y, and not y that of x. */
  inverse?: boolean;
}

/**
 * Outside of the interval `linear` and `box` are the identity, with slope 1 at both ends and with slopes of their own; for
 * `circular` and `half-turn` the interval is a circle, of which the latter goes half a turn before the spline. With `lines`
 * every value has an interval of its own, to which center ± bound is only usual, and outside of it the line through its corners.
 */
export type SplineEnds = 'linear' | 'box' | 'circular' | 'half-turn' | 'lines';

/** Whether values can lie outside of the interval; a circle has no outside. */
export function hasTails({ ends }: Pick<SplineInfo, 'ends'>): boolean {
  return ends === 'linear' || ends === 'box' || ends === 'lines';
}

/** The place on the spline's own axis, which its knots are on, of a value that is given to it. */
export function onSpline({ bound, center, ends }: SplineInfo, x: number): number {
  if (hasTails({ ends })) return x;
  const from = x - center - (ends === 'circular' ? -bound : 0);
  return center - bound + (from - 2 * bound * Math.floor(from / (2 * bound)));
}

/** x and y of the knots, and dy/dx there. */
export const knotParts = ['x', 'y', 'slopes'] as const;
export type KnotPart = (typeof knotParts)[number];

export interface SplineQuery extends Selection {
  layer: number;
}

export interface SplineView extends SplineInfo {
  layer: number;
  /** The k features that are mapped, ascending. */
  features: Int32Array;
  /** [k, K + 1] each, in the layer's units. */
  knots: Record<KnotPart, NdArray<Float32Array>>;
  /** [k] each: the example's value before, on the axis of the knots, and after, and ln dy/dx there, nats. */
  from: Float32Array;
  to: Float32Array;
  logDerivative: Float32Array;
  batch: SplineBatch;
}

/** What the batch does on the splines; each of its values has a spline of its own. */
export interface SplineBatch {
  /** Examples. */
  count: number;
  /** [k]: share of the values outside of the interval. */
  outside: Float32Array;
  /** [k, bars]: values by size; those beyond the axis are in the outermost bars. */
  counts: NdArray<Float32Array>;
  /** [k, K]: values in each bin of the spline that is shown, and of their own splines. */
  inBins: NdArray<Float32Array>;
  inOwnBins: NdArray<Float32Array>;
  /** [k, P]: what a tenth and nine tenths of the curves stay below, at P places over the interval. */
  low: NdArray<Float32Array>;
  high: NdArray<Float32Array>;
  /** Curves that these are of. */
  curves: number;
}

/** Number of the bin that a value lies in, from 0; −1 outside. @param knots ascending, one more than bins */
export function binAt(knots: ArrayLike<number>, value: number): number {
  const last = knots.length - 1;
  if (!(value >= knots[0]! && value <= knots[last]!)) return -1;
  let bin = 0;
  while (bin < last - 1 && value >= knots[bin + 1]!) bin++;
  return bin;
}

/** Two values at the ends of a bin. */
type Ends = readonly [number, number];

interface BinPoint {
  y: number;
  slope: number;
}

/** y and dy/dx of a rational-quadratic bin at a share θ of it, 0 to 1 (Durkan et al. 2019, equations 4 and 5). */
export function inBin([x0, x1]: Ends, [y0, y1]: Ends, [d0, d1]: Ends, share: number): BinPoint {
  const mean = (y1 - y0) / (x1 - x0);
  const product = share * (1 - share);
  const below = mean + (d0 + d1 - 2 * mean) * product;
  const slope = d1 * share ** 2 + 2 * mean * product + d0 * (1 - share) ** 2;
  return {
    y: y0 + ((y1 - y0) * (mean * share ** 2 + d0 * product)) / below,
    slope: (mean ** 2 * slope) / below ** 2,
  };
}

/** The same of a bin in which x is the rational-quadratic function of y (equations 6 to 8). */
export function inInverseBin([x0, x1]: Ends, [y0, y1]: Ends, [d0, d1]: Ends, share: number): BinPoint {
  const mean = (x1 - x0) / (y1 - y0);
  const [e0, e1] = [1 / d0, 1 / d1];
  const bend = share * (e0 + e1 - 2 * mean);
  const [a, b, c] = [mean - e0 + bend, e0 - bend, -mean * share];
  const across = (2 * c) / (-b - Math.sqrt(b ** 2 - 4 * a * c));
  const { slope } = inBin([y0, y1], [x0, x1], [e0, e1], across);
  return { y: y0 + across * (y1 - y0), slope: 1 / slope };
}
