/** What each element of an example costs: −log p taken apart over the flow's input. */
import type { NdArray } from './tensors';

/** Every map is in the shape of the flow's input (padding included), in nats, positive costs. */
export interface Contribution {
  /** The sum of the others; its elements add up to `parts.nats`. */
  total: NdArray<Float32Array>;
  /** −ln p(z) of each latent, at the place where it leaves. */
  prior: NdArray<Float32Array>;
  /** −ln dy/dx of every layer's own map, carried back through squeezes and factor-outs. */
  couplings: NdArray<Float32Array>;
  /** Batch norm on the flow path: the share of an element's channel, the same for all places. */
  norm: NdArray<Float32Array>;
  /** Logit or standardization, and the step from density to probability of the discrete value. */
  preprocessing: NdArray<Float32Array>;
  parts: NllParts;
  /** Layers whose log-det is not known by element: spread evenly over what they move. */
  spread: number[];
}

/** Parts of −log p(x), in nats, positive costs. Their sum (with `levels`) is the total. */
export interface NllParts {
  prior: number;
  /** −log-det of the layers' own maps. */
  couplings: number;
  /** −log-det of batch normalization on the flow path. */
  norm: number;
  /** −log-det of logit, standardization. */
  preprocessing: number;
  /** D·ln(levels) for images, else 0: from density to probability of the discrete value. */
  quantization: number;
  /** Nats per example: the sum of the above. */
  nats: number;
  /** nats / (D ln 2) for images; absent for vectors. */
  bitsPerDim?: number;
}
