/** Examples that one is compared with: how likely each is, and which are the most and the least. */
import type { NdArray } from './tensors';

/** A split of the data that the flow was trained on, or a file or folder of the user's. */
export type PopulationRef = { kind: 'split'; split: 'train' | 'validation' } | { kind: 'file'; path: string };

export interface ScoresQuery {
  source: PopulationRef;
  /** How many of those that are to be scored have been asked for: 0, then what `next` of the last answer says. */
  start: number;
}

/** Scores of one block of a population. Batch norm goes by its running statistics. */
export interface Scores {
  /** Examples in the source, and how many of them are scored in all. */
  total: number;
  planned: number;
  /** Where the next block starts; `planned` after the last one. */
  next: number;
  /** Number in the source of each example of this block, and −log p: bits/dim of images, nats of vectors. */
  indices: Int32Array;
  scores: Float32Array;
  /** Examples of the block that could not be read, and why the first could not. */
  unreadable: number;
  reason?: string;
}

export interface PickedQuery {
  source: PopulationRef;
  indices: number[];
}

export interface PickedExamples {
  /** [n, …] in data units, padding cut off. */
  values: NdArray<Float32Array>;
}
