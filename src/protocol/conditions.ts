/** Conditional flows: what their layers make of the context. */
import type { BatchRef } from './selection';
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
