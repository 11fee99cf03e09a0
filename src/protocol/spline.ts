/** What a layer whose map is a spline reports. */

/** Share of a feature's values outside of the interval above which the page reports it. */
export const manyOutside = 0.03;

export interface SplineInfo {
  /** Number K of bins. */
  bins: number;
  /** It is a spline on center ± bound. */
  bound: number;
  center: number;
  ends: SplineEnds;
  /** Whether x is the spline of y, rather than y the spline of x. */
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

/** x and y of the knots, and dy/dx there. */
export const knotParts = ['x', 'y', 'slopes'] as const;
export type KnotPart = (typeof knotParts)[number];
