/** A run as the page follows it: its measurements in columns, its checkpoints, and the requests it got while it trained. */
import type { RunState } from '../config/run-state';
import type { TrainingConfig } from '../config/schema';
import type { CheckpointInfo } from './model';

/** What a line of metrics.jsonl measures, apart from its step. */
export type MetricName = Exclude<keyof MetricsRow, 'step'>;

export const metricNames: readonly MetricName[] = [
  'seconds',
  'trainNats',
  'validationNats',
  'trainBitsPerDim',
  'validationBitsPerDim',
  'prior',
  'logDet',
  'preprocessing',
  'velocityError',
  'reverseKl',
  'efficiency',
  'logEvidence',
  'logEvidenceError',
  'gradientNorm',
  'learningRate',
  'examplesPerSecond',
  'epoch',
];

/** The best validation so far: its −log p, or on a target alone −ln of its efficiency, which is there then. */
export type BestSoFar = { step: number; nats: number; bitsPerDim?: number; efficiency?: number };

export interface CurvesQuery {
  /** Rows that the page has already; only later ones are answered while the file is still the same. */
  after?: { source: number; rows: number };
}

/** From `step` on the learning rate was another than the config says. */
export interface RateChange {
  /** The first step that used it. */
  step: number;
  learningRate: number;
}

/** The last request that the training loop has seen, and what came of it. */
export interface ControlAnswer {
  id: string;
  /** Steps that were done when it was seen. */
  step: number;
  /** Why it was not carried out. */
  problem?: string;
}

/** The step at which a training failed because it was not finite. */
export interface NotFinite {
  step: number;
  where: string;
  /** The layer that `where` names. */
  layer?: string;
}

export interface RunCurves {
  folder: string;
  /** `unknown` where no training says anything. */
  status: RunState | 'unknown';
  message?: string;
  notFinite?: NotFinite;
  /** Milliseconds since 1970 of the last sign of life. */
  updated?: number;
  /** Step in the last report of the training; rows of metrics lag behind it where it ends between two of them. */
  step?: number;
  /** Steps that the config asks for, and how far one of them may go. */
  totalSteps?: number;
  training?: Pick<TrainingConfig, 'learningRate' | 'clipNorm'>;
  /** Tells one file from another at the same place: a resumed run writes its metrics again. */
  source: number;
  /** Number of the first row of this answer. */
  start: number;
  /** Steps of the rows from `start` on. */
  steps: Int32Array;
  /** By row from `start` on, NaN where nothing was measured. What no row has is left out. */
  columns: Partial<Record<MetricName, Float32Array>>;
  checkpoints: CheckpointInfo[];
  rates: RateChange[];
  answered?: ControlAnswer;
  /** Id of a request that waits in the run folder; the loop has seen it when `answered` names it. */
  asked?: string;
}

/** A line of metrics.jsonl; absent fields were not measured at that step. */
export interface MetricsRow {
  step: number;
  /** Seconds of training so far, validation and saving not counted. */
  seconds: number;
  trainNats?: number;
  validationNats?: number;
  trainBitsPerDim?: number;
  validationBitsPerDim?: number;
  /** Parts of the training loss, nats. */
  prior?: number;
  logDet?: number;
  preprocessing?: number;
  /** The training loss of a vector field: the mean squared error of its velocity. */
  velocityError?: number;
  /** On a target: the mean of log q − log p over draws of the step: the KL divergence less log Z, nats. */
  reverseKl?: number;
  /** The share of a validation's draws that count, (Σw)² / Σw² over their number; and the log of their mean weight, which is near log Z. */
  efficiency?: number;
  logEvidence?: number;
  logEvidenceError?: number;
  gradientNorm?: number;
  learningRate?: number;
  examplesPerSecond?: number;
  epoch?: number;
}
