/** Questions about two-dimensional flows: the way of one point, and what a layer makes of density and grid. */
import type { BatchRef, ExampleRef } from './selection';
import type { NdArray } from './tensors';

/** Where a path starts: an example, or a point of the plane after `stage` layers (0: data space). */
export type PathStart =
  { kind: 'example'; example: ExampleRef } | { kind: 'point'; stage: number; point: [number, number] };

export interface PlanePathQuery {
  start: PathStart;
}

export interface PlanePath {
  /** The point in data space, after each layer, last in z: [layers + 1, 2]. */
  points: NdArray<Float32Array>;
  /** Log-det of each layer at the point, nats; [layers]. */
  logDets: Float32Array;
  /** ln p(z) of the base, nats. */
  prior: number;
  /** ln p(x), nats: the sum of the above. */
  logDensity: number;
}

export interface PlaneDensityQuery {
  /** The examples that the frame is about. */
  batch: BatchRef;
  /** Layers applied: 0 is data space, the number of layers is z. */
  stage: number;
  /** Cells a side. */
  pixels: number;
}

export interface PlaneDensity {
  stage: number;
  /**
   * p(h) = p(z) · |det ∂z/∂h| at the middle of each cell, [pixels, pixels], row 0 at the top; per area of this layer's own
   * coordinates. NaN where the flow gives no finite number or no way back from the cell was found.
   */
  density: NdArray<Float32Array>;
  bounds: PlaneBounds;
}

export interface PlaneCellsQuery {
  /** The examples that the frame is about. */
  batch: BatchRef;
  stage: number;
  /** Nodes a side of the latent grid, as in `PlaneQuery`. */
  grid: number;
  /** Parts that there may be; cells that need it least stay whole. */
  most: number;
}

/** Parts of the cells of the latent grid that are too coarse to be drawn with straight edges. */
export interface PlaneCells {
  stage: number;
  /** Cells of the grid that the parts stand for, row · (grid − 1) + column, ascending. */
  replaced: Int32Array;
  /** x, y of the four corners in order around each part, [parts, 8]. */
  corners: NdArray<Float32Array>;
  /** ln(area here / area in z) of each part, nats. */
  logAreas: Float32Array;
  /** Parts that still turn over at the finest division, and are not among the above. */
  folded: number;
}

export interface PlaneBounds {
  x: [number, number];
  y: [number, number];
}

/** How far the latent plane is drawn, unless points lie far outside. */
const latentReach = 3.8;

/**
 * The part of the plane that is drawn after `stage` of `layers` layers: a square around the points [n, 2] with a margin;
 * the latent plane looks the same for every flow.
 */
export function stageBounds(points: NdArray<Float32Array>, stage: number, layers: number): PlaneBounds {
  const latent = stage === layers;
  const found = squareAround(points, latent ? 0.005 : 0.002);
  if (!latent) return found;
  const reach = Math.max(...[...found.x, ...found.y].map(Math.abs));
  const limit = reach > 6 ? reach : latentReach;
  return { x: [-limit, limit], y: [-limit, limit] };
}

/** Never degenerate; `trim` leaves out that share of the points at each end. */
export function squareAround(points: NdArray<Float32Array>, trim: number): PlaneBounds {
  const range = (offset: number): [number, number] => {
    const values: number[] = [];
    for (let i = offset; i < 2 * points.shape[0]!; i += 2)
      if (Number.isFinite(points.data[i])) values.push(points.data[i]!);
    if (values.length === 0) return [-3, 3];
    values.sort((a, b) => a - b);
    const cut = Math.floor(values.length * trim);
    return [values[cut]!, values[values.length - 1 - cut]!];
  };
  return squareOf(range(0), range(1), 1e-3);
}

/** A square around two ranges with a margin. @param least extent that is shown */
export function squareOf(x: [number, number], y: [number, number], least: number): PlaneBounds {
  const half = 0.575 * Math.max(x[1] - x[0], y[1] - y[0], least);
  const around = ([low, high]: [number, number]): [number, number] => [
    (low + high) / 2 - half,
    (low + high) / 2 + half,
  ];
  return { x: around(x), y: around(y) };
}
