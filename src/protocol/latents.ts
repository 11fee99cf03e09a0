/** The latents of an example, and what comes of changing them. */
import type { UneditedRef, LatentEdit } from './selection';
import type { NdArray } from './tensors';

export interface LatentsView {
  /** Shape of the flow's input, padding included: [H, W, C] or [D]. z has as many elements. */
  shape: number[];
  z: Float32Array;
  /** The zero-based scale at which each element leaves; absent where that is not known. */
  scales?: Int32Array;
  /** The place of each element in the flow's input, row-major; absent where z has the order of the input. */
  places?: Int32Array;
}

export interface EditedQuery {
  example: UneditedRef;
  /** None gives the example as it comes back from its own latents. */
  edits: LatentEdit[];
}

/** x of the changed z. */
export interface EditedView {
  /** In data units, padding cut off: [H, W, C] pixels or [D] coordinates. */
  values: NdArray<Float32Array>;
  /** −ln p(x); absent where the file has no way from x to z. */
  nats?: number;
  /** nats / (D ln 2) for images. */
  bitsPerDim?: number;
}
