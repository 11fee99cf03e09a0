/** What can be asked about the network behind a layer: its weights, its norms, its feature maps. */
import type { BatchRef, NormMode, Selection } from './selection';
import type { NdArray, TensorStats } from './tensors';

/** What an axis of a weight runs over. `other` axes are neither places of a kernel nor channels. */
export type AxisRole = 'row' | 'column' | 'input' | 'output' | 'other';

/** A part of a stored tensor: `size` values along each axis, starting with `from`. */
export interface WeightQuery {
  layer: number;
  name: string;
  from: number[];
  size: number[];
}

/** Values that a window may have. */
export const largestWeightWindow = 2 ** 14;

/** Output channels whose lengths are listed. */
export const listedOutputs = 1024;

export interface WeightView extends Omit<WeightQuery, 'size'> {
  /** Shape of the whole tensor. */
  shape: number[];
  axes: AxisRole[];
  /** The window. */
  values: NdArray<Float32Array>;
  /** Statistics of the whole tensor, so that windows share one range. */
  stats: TensorStats;
  /** √Σw² of the whole tensor. */
  frobenius: number;
  /** √Σw² of each of the first `listedOutputs` output channels; of weights that have outputs. */
  lengths?: Float32Array;
  /** Learned lengths g of a weight-normalized kernel, w = g·v/‖v‖. */
  gains?: Float32Array;
}

/** A place in the conditioner where feature maps can be had. */
export interface FeatureStage {
  name: string;
  /** Without the batch axis, [H, W, C] or [C]. */
  shape: number[];
}

/** Asks about the selected example, or the first one of the batch. */
export interface FeatureQuery extends Selection {
  layer: number;
  stage: string;
  /** First channel of the page. */
  offset: number;
}

/** Channels a page: maps of an image flow, units of a vector flow. */
export const featurePage = { maps: 16, units: 128 };

export interface FeatureView extends Omit<FeatureQuery, keyof Selection> {
  /** Shape with all channels, before maps were reduced. */
  shape: number[];
  /** [h, w, channels of the page], or [units of the page]. */
  values: NdArray<Float32Array>;
  /** Places a side that each value is the mean of; 1 where maps are as they are. */
  block: number;
  /** Statistics of all channels. */
  stats: TensorStats;
  /** Channels with the same value everywhere (maps), or units at 0: they tell nothing of this example. */
  dead: number;
}

export interface ActivityQuery {
  layer: number;
  batch: BatchRef;
  mode: NormMode;
}

export interface ChannelMoments {
  /** [C]. */
  mean: Float32Array;
  variance: Float32Array;
}

export interface NormStatistics {
  name: string;
  /** Stored in the file. */
  running: ChannelMoments;
  /** Moments of the norm's input for this batch. */
  batch: ChannelMoments;
}

/** What the batch does to the network's norms and channels. */
export interface ActivityView {
  layer: number;
  /** Examples. */
  count: number;
  norms: NormStatistics[];
  /** `dead` channels have the same value for all examples and places. */
  stages: { name: string; channels: number; dead: number }[];
}
