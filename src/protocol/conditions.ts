/** Conditional flows: what their layers and the density make of the context. */
import type { PlaneBounds } from './plane';
import type { BatchRef, SampleQuery } from './selection';
import type { NdArray } from './tensors';

export interface ContextUseQuery {
  batch: BatchRef;
}

/** How far a layer's output moves when one number of the context moves by its standard deviation. */
export interface ContextUse {
  /** Examples that the root mean squares are over. */
  count: number;
  /**
   * [layers, C]: rms over the examples of ‖∂out/∂c‖ · sd(c), with the layer's input kept, in the units of its output; 0
   * where it does not read the context.
   */
  layers: NdArray<Float32Array>;
  /** Of each layer, whether the context is an input of its map. */
  reads: boolean[];
  /** [C]: the same of the whole flow, x kept. */
  flow: Float32Array;
  /** Whether the prior reads the context, which moves no latent. */
  priorReads: boolean;
}

/** Deviations from the mean at which 10 %, 50 % and 90 % of a normal lie below. */
export const shownDeviations = [-1.2816, 0, 1.2816] as const;

/** Two-dimensional flows: the density where one number of the context varies and the others stay. */
export interface ConditionDensitiesQuery {
  /** The examples that the frame is about. */
  batch: BatchRef;
  /** Number of the context that varies, from 0. */
  condition: number;
  /** Cells a side. */
  pixels: number;
  /** Drawn at each value, by the same latents. */
  samples: SampleQuery;
}

export interface ConditionDensities {
  condition: number;
  /** The context that the others are taken from: the one that is given, or the mean. */
  context: number[];
  bounds: PlaneBounds;
  /** At each of `shownDeviations` from the condition's mean. */
  at: {
    value: number;
    /** p(x | c) in data units at the middle of each cell, [pixels, pixels], row 0 at the top. */
    density: NdArray<Float32Array>;
    /** [samples, 2] */
    samples: NdArray<Float32Array>;
  }[];
}
