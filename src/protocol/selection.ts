/** What views are about: an example, a batch, samples. */

/** A new value for one element of z, counted row-major in the shape that the flow gives z. */
export interface LatentEdit {
  element: number;
  value: number;
}

/** One input. `values` are in data units: pixels [0, levels) for images, raw coordinates for vectors. */
export type SourceRef =
  | { kind: 'data'; split: 'train' | 'validation'; index: number }
  | ({ kind: 'sample'; index: number } & SampleQuery)
  /** `name` of the file that they were read from, if any; `context` that goes with them, without which it is the mean. */
  | { kind: 'values'; values: number[]; name?: string; context?: number[] }
  /** An example in a file or folder of the user's. */
  | { kind: 'file'; path: string; index: number };

/** Four examples that span a manifold: z₁ … z₄ of the paper's two-angle formula. */
export type Corners = [SourceRef, SourceRef, SourceRef, SourceRef];

/** An input, or one that is decoded from latents of others: a point of a manifold, a reconstruction. */
export type UneditedRef =
  | SourceRef
  /** Angles in radians. */
  | { kind: 'manifold'; corners: Corners; phi: number; phiPrime: number }
  /** `row` and `column` of the answer to the `reconstruct` question. */
  | ({ kind: 'reconstruction'; example: SourceRef; row: number; column: number } & FreshLatents);

/** An example, also one whose latents were changed by hand. */
export type ExampleRef = UneditedRef | { kind: 'edited'; example: UneditedRef; edits: LatentEdit[] };

/** The examples that means and distributions are taken over: the first `count` of a split. */
export interface BatchRef {
  split: 'train' | 'validation' | 'sample';
  count: number;
}

/** Batch normalization by running statistics (`eval`) or by the batch's own (`train`). */
export type NormMode = 'eval' | 'train';

/** What all views of the page are about. `example` may be absent: means remain. */
export interface Selection {
  example?: ExampleRef;
  batch: BatchRef;
  mode: NormMode;
}

export interface SampleQuery {
  count: number;
  seed: number;
  temperature: number;
  /** Factors of the temperature, one for each scale, the one that leaves first at the start; 1 where absent. */
  scaleTemperatures?: number[];
  /**
   * Where latents are truncated, in standard deviations before any temperature: what lies beyond is drawn again. One
   * bound for each scale as above, or one for all; null for none. Absent cuts nothing off.
   */
  truncations?: (number | null)[];
}

/** Source of latents that are drawn again. */
export interface FreshLatents {
  seed: number;
  temperature: number;
}
