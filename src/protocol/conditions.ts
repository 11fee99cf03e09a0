/** Conditional flows: what their layers and the density make of the context. */
import type { PlaneBounds } from './plane';
import type { BatchRef, ExampleRef, SampleQuery } from './selection';
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
  /** Whether the context is an input of each layer's map. */
  reads: boolean[];
  /** [C]: the same of the whole flow, x kept. */
  flow: Float32Array;
  /** Whether the prior reads the context, which moves no latent. */
  priorReads: boolean;
}

/** Deviations from the mean at which 10%, 50% and 90% of a normal lie below. */
export const shownDeviations = [-1.2816, 0, 1.2816] as const;

/** What takes several values while the rest of the context stays: a number, or the class. */
export type Varied =
  /** Zero-based number of the context. */
  | { kind: 'number'; condition: number }
  /** Classes of a page, one after another. */
  | { kind: 'class'; from: number; count: number };

/** Classes that are shown at once, at most. */
export const classesAtOnce = 12;

/** What the flow believes at several values of a condition. */
export interface AtConditionsQuery {
  /** The examples that the frame is about. */
  batch: BatchRef;
  vary: Varied;
  /** One or two features, from 0: the first across, the second up. None of images, which are drawn whole. */
  features: number[];
  /** Cells a side of the density, which flows of two features have. */
  pixels: number;
  /** Drawn at each value, by the same latents. */
  samples: SampleQuery;
  /** Example whose density is computed at each value. */
  example?: ExampleRef;
}

export interface AtConditions {
  vary: Varied;
  features: number[];
  /** The context that the rest is taken from: the one that is given, or the mean. */
  context: number[];
  /** Bounds of the plane; both axes are the same for a single feature. Absent for images. */
  bounds?: PlaneBounds;
  /** Features of the example; absent for images. */
  example?: number[];
  at: {
    /** The number, or the index of the class from 0. */
    value: number;
    /** p(x | c) in data units at the middle of each cell, [pixels, pixels], row 0 at the top; of flows of two features. */
    density?: NdArray<Float32Array>;
    /** [samples, features], or images: [samples, height, width, channels]. */
    samples: NdArray<Float32Array>;
    /** ln p(x | c) of the example, nats. */
    logProb?: number;
  }[];
}
