/** What language models learn about a file: short reports in plain data, in the words of the command line. */
import type { BestSoFar } from './run';
import type { LogProbParts } from './contribution';
import type { LayerDescription, ModelDescription } from './description';

export interface ReportedRun {
  folder: string;
  status: string;
  message?: string;
  step?: number;
  best?: BestSoFar;
  /** Steps at which the run has checkpoints. */
  checkpointSteps: number[];
}

type OfDescription =
  | 'file'
  | 'format'
  | 'bytes'
  | 'parameterCount'
  | 'tensorCount'
  | 'step'
  | 'validation'
  | 'origin'
  | 'onnx'
  | 'note';

export interface CheckpointReport extends Pick<ModelDescription, OfDescription> {
  /** In words, as what follows. */
  architecture?: string;
  preprocessing?: string;
  data?: string;
  /** Shape of one example, without the batch axis. */
  inputShape?: number[];
  layerCount: number;
  /** The first ones; `layerCount` says how many there are. */
  layers: LayerDescription[];
  run?: ReportedRun;
}

export interface ScoreFileQuery {
  /** Absolute path of a checkpoint, a run folder or an ONNX file. */
  model: string;
  /** Absolute path of examples, or a built-in name; this or `split`. */
  input?: string;
  split?: 'train' | 'validation';
  array?: string;
  columns?: (string | number)[];
  labelColumn?: string | number;
  layout?: 'nhwc' | 'nchw';
  /** Draws of the noise that integer pixels get, averaged over. */
  draws: number;
  /** Seed of that noise. */
  seed: number;
  /** How many of the least likely examples to name. */
  leastLikely: number;
}

export interface ScoreReport {
  model: string;
  /** The file or split that was scored. */
  examples: string;
  count: number;
  /** Values of one example. */
  dimensions: number;
  /** Unit of `quantiles` and `leastLikely`: bits/dim for images, nats for vectors. Lower is more likely. */
  unit: 'bits/dim' | 'nats';
  /** What each part adds to the mean ln p, nats; their sum is −`nats`. */
  mean: LogProbParts;
  /** Between examples, by the nearest rank. */
  quantiles: { probability: number; value: number }[];
  /** The least likely first; `index` counts rows from 0. */
  leastLikely: { index: number; value: number }[];
  /** Examples whose −ln p is NaN or infinite; they come first among the least likely. */
  nonFinite: number;
  /** Where integer pixels got noise. */
  noise?: { draws: number; seed: number };
  /** What had to be assumed of the file. */
  notes: string[];
}

export interface NonFiniteQuery {
  /** Absolute path of a checkpoint, a run folder or an ONNX file. */
  model: string;
  /** Absolute path of a file of examples, one of which goes through the flow instead of a batch. */
  input?: string;
  /** Index of the example in that file, from 0. */
  index: number;
  /** Examples in the batch. */
  count: number;
}

export interface NonFiniteReport {
  model: string;
  /** In one sentence: where NaN or Inf starts, or that there is none. */
  conclusion: string;
  /** What the training run says of itself; of a failed one the step and the layer. */
  run?: Pick<ReportedRun, 'folder' | 'status' | 'message' | 'step'>;
  /** Stored tensors that hold NaN or Inf, in the order of the layers. */
  tensors: {
    looked: number;
    found: number;
    /** The first ones. */
    first: { name: string; layer?: string; nan: number; inf: number; values: number }[];
    /** Number of tensors that could not be read. */
    unreadable: number;
  };
  /** What went through the flow, and what came of it. */
  pass?: {
    examples: string;
    /** The first layer with NaN or Inf in its output; absent where every value is finite. */
    layer?: { index: number; name: string; kind: string };
    sentence: string;
    advice?: string;
  };
  /** Why nothing went through the flow. */
  noPass?: string;
}

/** Answers to questions of language models. */
export interface AssistantApi {
  /** Reads the file without running it. @throws UserError */
  summarizeCheckpoint(path: string, token: string): Promise<CheckpointReport>;
  /** As `flowscope score`. @throws UserError */
  scoreFile(query: ScoreFileQuery, token: string): Promise<ScoreReport>;
  /** As the first check of `flowscope diagnose`, with the stored tensors and the run's record. @throws UserError */
  findNonFinite(query: NonFiniteQuery, token: string): Promise<NonFiniteReport>;
}
