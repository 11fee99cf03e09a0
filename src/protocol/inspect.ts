/** Queries of the inspector, and their answers. */
import type { AxisRole, FeatureStage } from './conditioner';
import type { NdArray, TensorStats, TensorView } from './tensors';
import type { LogProbParts } from './contribution';
import type { SourceRef, Corners, BatchRef, Selection, SampleQuery, FreshLatents } from './selection';

export interface StripRow {
  layer: number;
  /** Log-det in nats (positive raises log p(x)): of the layer's own map and of batch norm, for the example and the batch mean. */
  example?: { coupling: number; norm: number };
  mean: { coupling: number; norm: number };
  /** Largest |x − inverse(forward(x))| of this layer alone over the batch; NaN when not finite. As `inverseError` says, in deviations of the data. */
  roundTrip: number;
  /** Output of the layer for the example, at most 64×64 per channel; first channels only. */
  thumbnail?: NdArray<Float32Array>;
  /** Non-finite output values over the batch; the first layer with any is where it starts. */
  nonFinite: number;
}

export interface Strip {
  rows: StripRow[];
  example?: LogProbParts;
  mean: LogProbParts;
  /** Layer index where NaN or Inf first appears, with the cause in words. */
  firstNonFinite?: { layer: number; cause: string };
  /** The example itself, in data units. */
  input?: NdArray<Float32Array>;
  /** Its latent, in the shape of x. */
  latent?: NdArray<Float32Array>;
  /** What a conditional flow was given of it. */
  context?: Float32Array;
}

/** What the strip says of an example alone, in evaluation mode: there at once where a batch takes long. */
export interface ExampleStrip extends Omit<Strip, 'rows' | 'mean'> {
  /** `nonFinite` is of the example. */
  rows: Omit<StripRow, 'mean' | 'roundTrip'>[];
}

export interface LayerQuery extends Selection {
  layer: number;
}

export interface LayerView {
  layer: number;
  /** For the example (or the batch's first): x, the layer's quantities, y, and z where latents leave. Layer shape. */
  tensors: TensorView[];
  /**
   * 1 where the element passes through unchanged (conditioner), 0 where it is transformed. Layer shape. Like the maps below it
   * is absent where the layer has more values than are sent at once.
   */
  mask?: NdArray<Float32Array>;
  /** Log-det of the layer's own map by element for the example, and its mean over the batch. Layer shape, nats. */
  logDetMap?: NdArray<Float32Array>;
  /**
   * The same [H, W, C] of the whole flow's input, NaN for values that were factored out before; where the layer's
   * places are other ones.
   */
  logDetInImage?: NdArray<Float32Array>;
  logDetMapMean?: NdArray<Float32Array>;
  /** Log-det of this layer for each example of the batch, nats. */
  logDetBatch: Float32Array;
  logDetExample?: { coupling: number; norm: number };
  /** Batch norm after the coupling: what it subtracts and divides by, per channel. */
  norm?: { mean: number[]; std: number[] };
  roundTrip: number;
}

/** What a layer's view says of an example alone, in evaluation mode. */
export type ExampleLayer = Omit<LayerView, 'logDetMapMean' | 'logDetBatch' | 'roundTrip'>;

/** The mask at the layer's scale, and carried back through the squeezes to image coordinates. */
export interface MaskView {
  layer: number;
  mask: NdArray<Float32Array>;
  /** [H, W, C] of the whole flow's input: 1 conditions, 0 moves, NaN for values that were factored out before this layer. */
  inImage: NdArray<Float32Array>;
}

export interface NetworkView {
  layer: number;
  parameters: {
    name: string;
    shape: number[];
    stats: TensorStats;
    histogram: { edges: number[]; counts: number[] };
    /** Absent where the values are not there, as in a recording. */
    axes?: AxisRole[];
  }[];
  /** Running statistics and other state. */
  state: { name: string; shape: number[]; stats: TensorStats }[];
  /** Where feature maps can be had, in forward order. */
  stages: FeatureStage[];
  /** Norms whose statistics can be compared with a batch's, in forward order. */
  norms: string[];
}

/** Samples in data units: [n, H, W, C] pixels (padding cut off) or [n, D] coordinates. */
export interface SampleGrid {
  values: NdArray<Float32Array>;
}

/** The way of one sample from z (first) to x (last): one step per layer, in inverse order. */
export interface Morph {
  steps: { layer: number | null; label: string; value: NdArray<Float32Array> }[];
}

/** Points of the manifold that four examples span (paper, section 4.2 and appendix D). */
export interface ManifoldQuery {
  corners: Corners;
  /** Angles a side. */
  angles: number;
  /** `circle`: [0, 2π), as in the paper's figure; `quarter`: [0, π/2] with both ends, between the four examples. */
  range: 'circle' | 'quarter';
}

export interface ManifoldView {
  /** φ of the rows and φ′ of the columns, radians. */
  angles: number[];
  /** [angles, angles, …] in data units, padding cut off: rows by φ, columns by φ′. */
  values: NdArray<Float32Array>;
  /** The four examples as they were given, [4, …]. */
  corners: NdArray<Float32Array>;
  /** |z| of each point, [angles, angles]. */
  norms: NdArray<Float32Array>;
}

/** Keeps the latents of coarse scales and draws new ones for fine scales (the paper's compression figure). */
export interface ReconstructQuery extends FreshLatents {
  examples: SourceRef[];
}

export interface Reconstructions {
  /** The examples as they were given, [examples, …], data units. */
  originals: NdArray<Float32Array>;
  /**
   * [examples, scales, …] in data units: column k keeps the latents that leave at scale k or later; those that left
   * before are drawn again, the same in all columns of a row.
   */
  values: NdArray<Float32Array>;
  /** Latents kept in each column; the first is all of them. */
  kept: number[];
}

export interface ExamplesQuery {
  split: 'train' | 'validation';
  offset: number;
  count: number;
}

export interface ExamplePage {
  offset: number;
  total: number;
  values: NdArray<Float32Array>;
  labels?: (number | null)[];
  /** −log p per example in nats, and bits/dim for images. */
  nats: Float32Array;
  bitsPerDim?: Float32Array;
}

export interface Diagnostics {
  /** nats (vectors) or bits/dim (images) of each example looked at. */
  train?: Float32Array;
  validation?: Float32Array;
  /** For a batch of samples, its values: all there is to compare with where no data are known. */
  samples?: Float32Array;
  unit: 'nats' | 'bits/dim';
  /** Latent values over the batch against a standard normal: quantiles at the same probabilities. */
  latentQuantiles: { normal: number[]; z: number[] };
  latentStd: number;
  latentKurtosis: number;
  /** Log-dets of the layers that have one: nats, for up to 100 examples of the batch. */
  logDets: { layer: number; values: Float32Array }[];
  /** Largest |x − x̂| when the inverse starts at z and arrives at each layer's input, float32; of data that a checkpoint standardizes, in deviations of each feature. */
  inverseError: { layer: number; fromLatent: number; alone: number }[];
  /** Why there is none, and `inverseError` is empty. */
  noInverse?: string;
}

/** Two-dimensional flows: everything the plane views need. */
export interface PlaneQuery {
  batch: BatchRef;
  seed: number;
  temperature: number;
  /** As for samples. */
  truncations?: SampleQuery['truncations'];
  /** Nodes a side of the latent grid, and pixels a side of the density. */
  grid: number;
  pixels: number;
}

export interface PlaneView {
  /** Points after each layer, [layers + 1][n, 2]; index 0 is the data. */
  points: NdArray<Float32Array>[];
  labels?: (number | null)[];
  /** A regular latent grid pulled back to each layer's input, [layers + 1][grid, grid, 2]; index 0 is data space. */
  grids: NdArray<Float32Array>[];
  /** Density p(x) over `bounds`, [pixels, pixels], row 0 at the top. */
  density: NdArray<Float32Array>;
  bounds: { x: [number, number]; y: [number, number] };
  samples: NdArray<Float32Array>;
}
