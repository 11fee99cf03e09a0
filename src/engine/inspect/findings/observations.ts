/** What findings are made of: plain numbers that the passes over a batch gave. */
import type { Diagnostics } from '../../../protocol/inspect';
import type { LayerInfo } from '../../../protocol/model';
import type { Quantity } from '../../../protocol/quantities';

export interface Range {
  low: number;
  high: number;
}

export interface LayerObservations {
  info: LayerInfo;
  /** Range of the layer's input over the batch; absent where it could not be looked at. */
  input?: Range;
  /** What the layer computes besides its output; empty where it declares nothing. Absent where it was not observed. */
  quantities?: QuantityObservations[];
  /** For splines: share of all values that lie outside of the interval, and the element with the most of them. */
  outside?: { share: number; element: number; ofElement: number };
  /** Share of moving elements at which the scale map is flat, in [0, 1]. */
  saturated?: number;
  /** Hidden ReLU units, and those that never became positive. */
  units?: { total: number; never: number };
  /** Largest error of the layer's own round trip, absolute; NaN when not finite. */
  alone?: number;
  /** Largest error at the layer's input when the inverse starts at z. */
  fromLatent?: number;
  /** Both are in deviations of each feature. */
  inDeviations?: boolean;
}

export interface QuantityObservations extends Quantity {
  /** Over the batch. */
  range: Range;
  /** Largest change of any element over the batch. */
  change: number;
}

export interface NormObservations {
  /** Prefix of the running statistics. */
  name: string;
  /** Index of the layer that it belongs to. */
  layer: number;
  /** Largest |batch mean − running mean| / running standard deviation of a channel. */
  mean: number;
  /** Largest |ln(batch standard deviation / running standard deviation)| of a channel. */
  ratio: number;
}

export interface LatentObservations {
  scale: number;
  /** Latents of all examples, as standard normal values if they are of the base; sorted, finite ones only. */
  sorted: Float32Array;
}

export interface Observations extends Pick<Diagnostics, 'unit' | 'noInverse' | 'train' | 'validation'> {
  dimensions: number;
  /** Names of the columns of rows of numbers, where the data have names. */
  featureNames?: readonly string[];
  /** Examples in the batch. */
  count: number;
  /** False for a batch of the model's own samples. */
  ofData: boolean;
  step?: number;
  layers: readonly LayerObservations[];
  firstNonFinite?: { layer: number; cause: string };
  /** Absent where the flow has no statistics of batches, or the file lacks them; the reason in words. */
  norms: readonly NormObservations[] | { reason: string };
  /** Mean score of the same examples by running statistics and by the batch's own. */
  modes?: { running: number; batch: number };
  latents: readonly LatentObservations[];
  /** What a scale map's flat ends are called; absent for maps that have none. */
  saturates: boolean;
}
