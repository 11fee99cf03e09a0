/** What each element of an example adds to log p(x), over the flow's input. */
import type { NdArray } from './tensors';

/** Every map is in the shape of the flow's input (padding included), in nats; positive raises log p(x). */
export interface Contribution {
  /** The sum of the others; its elements add up to −`parts.nats`. */
  total: NdArray<Float32Array>;
  /** ln p(z) of each latent, at the place where it leaves. */
  prior: NdArray<Float32Array>;
  /** ln dy/dx of every layer's own map, carried back through squeezes and factor-outs. */
  couplings: NdArray<Float32Array>;
  /** Batch norm on the flow path: the share of an element's channel, the same for all places. */
  norm: NdArray<Float32Array>;
  /** Logit or standardization, and the step from density to probability of the discrete value. */
  preprocessing: NdArray<Float32Array>;
  parts: LogProbParts;
  /** Layers whose log-det is not known by element: spread evenly over what they move. */
  spread: number[];
}

/** What each part adds to log p(x), in nats; positive raises it. Their sum is −`nats`. */
export interface LogProbParts {
  /** log p(z). */
  prior: number;
  /** Log-det of the layers' own maps. */
  couplings: number;
  /** Log-det of batch normalization on the flow path. */
  norm: number;
  /** Log-det of logit, standardization. */
  preprocessing: number;
  /** −D·ln(levels) for images, else 0: from density to probability of the discrete value. */
  quantization: number;
  /** −log p(x), nats per example. */
  nats: number;
  /** nats / (D ln 2) for images; absent for vectors. */
  bitsPerDim?: number;
}
