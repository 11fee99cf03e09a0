/** The curves by which a layer of a vector flow maps its features, at one example. */
import type { Selection } from './selection';
import type { KnotPart, SplineInfo } from './spline';
import type { NdArray } from './tensors';

/** Bars of a histogram over the axis. */
export const curveBars = 46;

export interface TransformCurveQuery extends Selection {
  layer: number;
}

/** In each curve one feature of the example varies; what its map depends on stays as it is. */
export interface TransformCurveView {
  layer: number;
  /** The k features that are mapped, ascending. */
  features: Int32Array;
  /** Range of x, the same for all features. */
  axis: { low: number; high: number };
  /** [k, P] each: x ascending, y before any norm of the layer, and ln dy/dx, nats. */
  curve: { x: NdArray<Float32Array>; y: NdArray<Float32Array>; logDerivative: NdArray<Float32Array> };
  /** [k] each: the example's value before, on the axis of x, and after, and ln dy/dx there, nats. */
  from: Float32Array;
  to: Float32Array;
  logDerivative: Float32Array;
  batch: CurveBatch;
  spline?: SplineOverlay;
}

/** What the batch does; each of its values has a curve of its own. */
export interface CurveBatch {
  /** Examples. */
  count: number;
  /** [k, bars]: values by size; those beyond the axis are in the outermost bars. */
  counts: NdArray<Float32Array>;
  /** [P], and [k, P] each: what a tenth and nine tenths of the curves stay below at these places. */
  places: Float32Array;
  low: NdArray<Float32Array>;
  high: NdArray<Float32Array>;
  /** Curves that these are of. */
  curves: number;
}

/** What a curve has that is a spline. */
export interface SplineOverlay extends SplineInfo {
  /** [k, K + 1] each, in the layer's units. */
  knots: Record<KnotPart, NdArray<Float32Array>>;
  /** [k]: the bin that the example lies in, from 0; −1 outside. */
  bin: Int32Array;
  /** [k]: share of the batch's values outside of the interval. */
  outside: Float32Array;
  /** [k, K]: values of the batch in each bin of the spline that is shown, and of their own splines. */
  inBins: NdArray<Float32Array>;
  inOwnBins: NdArray<Float32Array>;
}
