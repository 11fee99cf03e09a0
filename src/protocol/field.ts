/** Questions about flows in continuous time: how a vector field moves examples from data to noise. */
import type { ModelSummary } from './model';
import type { PlaneBounds } from './plane';
import type { BatchRef, ExampleRef } from './selection';
import type { NdArray } from './tensors';

/** Whether two features of its paths can be drawn. */
export function hasPaths({ kind, shape, layers }: ModelSummary): boolean {
  return kind === 'vector' && shape[0]! > 1 && layers.some(({ times }) => times);
}

/** Whether it was trained by flow matching, on data that can be there: a field with nothing around it. */
export const hasLines = ({ format, origin, step, layers, splits }: ModelSummary): boolean =>
  format === 'flowscope' &&
  (!origin || Boolean(step)) &&
  splits.length > 0 &&
  layers.some(({ times }) => times) &&
  layers.every(({ times, kind }) => times ?? (kind === 'standardize' || kind === 'prior'));

/** Whether its network can be asked for velocities anywhere. */
export const hasFieldPlane = (model: ModelSummary): boolean =>
  hasPaths(model) && model.format !== 'recording';

export interface FieldPathsQuery {
  /** At most 256 examples are drawn. */
  batch: BatchRef;
  example?: ExampleRef | undefined;
  /** Those that are drawn: across, up. */
  features: readonly [number, number];
}

/** Where N examples are at T times from data to noise; the one that is looked at is the first. */
export interface FieldPaths {
  /** In the time of the field's library, [T]. */
  times: Float32Array;
  /** The first time of each slice; its last is the first of the next. */
  slices: { layer: number; from: number }[];
  /** Two features, [N, T, 2]. */
  states: NdArray<Float32Array>;
  /** Length of each path divided by that of its chord, over all features; [N]. 1 is straight. */
  straightness: Float32Array;
}

export interface FieldPlaneQuery extends FieldPathsQuery {
  layer: number;
}

/** The vector field where a slice begins, on a plane through the example that is looked at, or the first of the batch. */
export interface FieldPlane {
  /** In the time of the field's library. */
  time: number;
  bounds: PlaneBounds;
  /** dx/dt of both features at the middle of n×n cells, row by row from the top, [n, n, 2]. */
  velocity: NdArray<Float32Array>;
  /** Nats that a unit of time toward the noise adds to log p(x), [n, n]. */
  rate: NdArray<Float32Array>;
  /** The batch at that time, [N, 2]; what the plane goes through is the first. */
  points: NdArray<Float32Array>;
  /** How fast that example moves, over all features. */
  speed: number;
  /** The rate there. */
  exampleRate: number;
}

/** The first and the last time of a layer's slice, counted from data to noise. */
export function spanOf({ slices, times }: FieldPaths, layer: number): [number, number] | undefined {
  const at = slices.findIndex((slice) => slice.layer === layer);
  return at < 0 ? undefined : [slices[at]!.from, slices[at + 1]?.from ?? times.length - 1];
}

/** Nats that the log-dets of a field's slices are off those of a finer solver, all together: what log p is trusted to. */
export const solverLimits = { vector: { notice: 0.01, warning: 0.1 }, image: { notice: 0.1, warning: 1 } };

/**
 * The loss of flow matching along the time: squared errors of the velocity on lines from N validation examples to noise, means
 * over examples and features.
 */
export interface LossOverTime {
  count: number;
  /** In the time of the field's library, from data to noise, [L]. */
  times: number[];
  /** [L] */
  loss: number[];
  /** What of the loss the network could still lower, [L]: its distance from the best field for the training rows; NaN where these are too few to tell. */
  error: number[];
  /** Training rows that the best field is made of; 0 for a flow with a context, where it is not known. */
  rows: number;
}

/** How far log p of N examples is off with other numbers of steps of the same solver. */
export interface SolverErrors {
  /** Steps in all slices as the flow has them, and those that others are compared with. */
  usual: number;
  reference: number;
  count: number;
  /** From few to many, with the mean and the largest size of the error, nats. */
  steps: number[];
  mean: number[];
  largest: number[];
}
