/** What passes over a flow say of its layers: the same whether the flow was traced or found in an ONNX file. */
import type { Quantity } from '../../protocol/quantities';
import type { NdArray } from '../../protocol/tensors';

export type Values = NdArray<Float32Array>;

/** One layer over N examples. Log-dets are in nats; shapes are without the batch axis. */
export interface LayerRecord {
  /** Values of the first example, as are `output`, `factored` and whatever is called `first`. */
  input: Values;
  output: Values;
  /** Latents that leave the flow here. */
  factored?: Values;
  /** [N] each: of the layer's own map, and of a batch norm, which may be the layer or follow its map. */
  logDet: { own: Float32Array; norm: Float32Array };
  /** Where the own log-det is a sum over elements: its terms, and their sum over examples by weight. Layer shape. */
  elements?: { first: Values; sum: Values };
  /** Non-finite values of the output, [N]. */
  nonFinite: Float32Array;
  /** Largest |x − inverse(y)| of the layer alone, [N]; NaN where it is not finite. Absent where it was not asked for. */
  roundTrip?: Float32Array;
  /** What the layer declares, in its order. */
  quantities: QuantityRecord[];
  /** What a batch norm subtracted and the square of what it divided by, for each channel that it saw. */
  norm?: { mean: Float32Array; variance: Float32Array };
}

export interface QuantityRecord extends Quantity {
  /** Layer shape. */
  first: Values;
  /** Largest value and non-finite values of each example, [N]. */
  largest: Float32Array;
  nonFinite: Float32Array;
}

/** A pass over N examples. */
export interface PassRecord {
  /** [N, …]. */
  z: Float32Array;
  /** ln p(z) of the base, [N]. */
  prior: Float32Array;
  /** By layer index. */
  layers: LayerRecord[];
}

export interface Extremes {
  low: Float32Array;
  high: Float32Array;
}

/** Extremes of one layer over N examples. */
export interface LayerExtremes {
  /** Extremes of the layer's input, [N]. */
  input: Extremes;
  /** `perExample` [N]; `perElement` in the shape of the layer, over the examples. */
  quantities: (Quantity & { perExample: Extremes; perElement: Extremes })[];
  /** Examples whose input lies outside of a spline's interval, for each element. */
  outside?: Float32Array;
  /** Transformed elements at which the scale map is nearly flat, [N]; where it is one that saturates. */
  saturated?: Float32Array;
}

export interface HealthRecord {
  layers: LayerExtremes[];
  /** Largest activation of each hidden ReLU unit over examples and positions, by the name of its layer. */
  units: ReadonlyMap<string, Float32Array>;
}
