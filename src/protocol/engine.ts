/** Messages between the extension host (or a test) and an engine process. */
import type { RunRequest } from '../config/build';
import type { ControlRequest } from '../config/control';
import type { TrainingConfig } from '../config/schema';
import type { ComparableRun } from './compare';
import type { AssistantApi } from './assistant';
import type { DataPreview, TableOverview } from './data';
import type { ImportAnswers, ImportForm } from './import';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from './inspector-questions';
import type { BestSoFar, MetricsRow } from './run';
import type { BackendPreference } from './backends';
import type { BackendInfo, ModelOutline, ModelSummary } from './model';
import type { NdArray } from './tensors';

export const launcherNames = ['torch', 'torchrun', 'ray'] as const;
export type LauncherName = (typeof launcherNames)[number];

/** Where a training can go to: a launcher, or a scheduler that it is a job of. */
export const placeNames = [...launcherNames, 'slurm'] as const;
export type PlaceName = (typeof placeNames)[number];

/** Whether a place can be used from here. */
export interface PlaceState {
  name: PlaceName;
  /** What it would run, for example "PyTorch 2.9.0". */
  found?: string;
  /** What is not there, and what to do about it. */
  missing?: string;
}

export const precisions = ['float32', 'bfloat16'] as const;

/** How PyTorch computes a training, wherever it runs. */
export interface TorchOptions {
  /** By torch.compile. */
  compile?: boolean;
  /** Precision of products and convolutions in the networks; everything else is float32. */
  precision?: (typeof precisions)[number];
}

export interface Launch {
  /** "torch": one PyTorch process; "torchrun" and "ray": several, on this machine or on more. */
  name: LauncherName;
  /** Processes on each machine, for torchrun. */
  processes?: number;
  /** Number of machines for torchrun with `rendezvous`; this is the first. */
  nodes?: number;
  /** HOST:PORT of this machine, where the others find it. */
  rendezvous?: string;
  /** Number of processes for Ray, which places them where it likes. */
  workers?: number;
  /** HOST:PORT of the Ray cluster that they run on. Without it, this machine is one. */
  address?: string;
  /** Threads of each process. */
  threads?: number;
}

export const isAddress = (text: string): boolean => /^[\w.-]+:\d{1,5}$/.test(text);

export interface SlurmJob {
  name: 'slurm';
  nodes: number;
  /** On each machine. */
  processes: number;
  /** Threads of each process. */
  threads?: number;
  /** As sbatch takes them. */
  time?: string;
  partition?: string;
}

export interface SubmittedJob {
  run: string;
  /** As Slurm numbers it. */
  job: string;
  /** The file of its script. */
  script: string;
}

export type Place = Launch | SlurmJob;

export function isPlace(value: unknown): value is Place {
  return placeNames.some((name) => name === (value as Partial<Place> | undefined)?.name);
}

/** An error whose text is meant for the user: the input, what was expected, what to do. */
export interface UserErrorData {
  userError: true;
  message: string;
}

export interface DoctorLine {
  name: string;
  value: string;
  ok: boolean;
  /** What to do, when not ok. */
  advice?: string;
}

/** Images as squares of so many pixels a side, out of the middle of each. */
export const squares = (size: number): { crop: 'center'; size: number } => ({ crop: 'center', size });

/** What of the data a flow is given and models. */
export type DataChoice = Pick<TrainRequest, 'context' | 'reading'>;

/** Estimate for a training run that has not started. */
export interface TrainEstimate {
  steps: number;
  /** On this computer. */
  secondsPerStep: number;
  /** Time that validations take, spread over the steps. */
  secondsBetween: number;
  parameters: number;
}

export interface TrainRequest {
  /** A built-in name (moons, digits, …) or the path of a file. Absent when `config` or `resume` names it. */
  data?: string;
  /** What the flow is given. */
  context?: RunRequest['context'];
  /** Which columns of a table are modeled, what becomes of its gaps, and the size of images in files; wins over a config. */
  reading?: RunRequest['reading'];
  preset?: string;
  /** Checkpoint, ours or another library's, whose weights the run starts from; the run uses its model. */
  from?: string;
  /** Path of a JSON config. */
  config?: string;
  /** Run folder to write. */
  output: string;
  /** Goes on with the run in `output`. */
  resume?: boolean;
  /** With `resume`: also where another machine trained the run and has been silent for long. */
  takeOver?: boolean;
  /** With `resume`: ends this many steps after the one that the run has reached, also where it is finished. */
  moreSteps?: number;
  maxSteps?: number;
  maxSeconds?: number;
  seed?: number;
  /** Number of features of a target that is a function. */
  features?: number;
  /** The target that the user has named: code in a file is not run because a run or a config names it. */
  namedTarget?: string;
  /** Trains outside of the engine. */
  launch?: Launch;
  /** Options for training in PyTorch. */
  torch?: TorchOptions;
  /** Settings that win over preset and config. */
  training?: Partial<TrainingConfig>;
}

export type TrainPhase = 'preparing' | 'training' | 'validating' | 'saving' | 'paused' | 'done';

export interface TrainProgress {
  phase: TrainPhase;
  step: number;
  totalSteps: number;
  /** Fraction done in [0, 1], by steps or by time, whichever ends first. */
  fraction: number;
  etaSeconds?: number;
  metrics?: MetricsRow;
  best?: BestSoFar;
  backend?: BackendInfo;
}

export interface TrainResult {
  run: string;
  status: 'finished' | 'stopped' | 'failed';
  /** Why it ended: all steps done, time is up, early stop, cancelled, non-finite loss and where. */
  message: string;
  step: number;
  seconds: number;
  bestCheckpoint?: string;
  best?: BestSoFar;
}

export interface ExportReport {
  files: { path: string; bytes: number; kind: 'forward' | 'inverse' | 'sample' }[];
  /**
   * Largest differences between the files run by ONNX Runtime and the model itself, and where each is: of x of a
   * standardized table in deviations of the feature, otherwise absolute; relative for values beyond 1 (deviation).
   */
  differences: { kind: string; output: string; maxAbs: number; where: string }[];
  maxAbs: number;
  tolerance: number;
  opset: number;
}

export interface TorchExport {
  files: WrittenFile[];
  /** A line of Python that uses them, in their folder. */
  example: string;
  /** For a conditional flow: shape and meaning of its context, in one line. */
  context?: string;
}

/** A file that an export wrote. */
export interface WrittenFile {
  path: string;
  bytes: number;
}

export interface SavedPage {
  path: string;
  bytes: number;
  /** Whether the page shows examples from the batch of a recording, which anyone who gets the page gets too. */
  holdsBatch: boolean;
}

/** Whose checkpoints a file can be written as; ours, or a state dict that the library loads. */
export const convertTargets = [
  'flowscope',
  'chrischute',
  'rosinality',
  'nflows',
  'normflows',
  'zuko',
  'senya',
] as const;

export type ConvertTarget = (typeof convertTargets)[number];

export interface ConvertReport {
  path: string;
  bytes: number;
  tensors: number;
  /** In words, what the reader of the file has to know: how to build the model that loads it, what could not be kept. */
  notes: string[];
}

/** Implemented by the engine process. */
export interface EngineApi extends AssistantApi {
  info(): Promise<{ backend: BackendInfo; doctor: DoctorLine[] }>;
  /** Where a training can run besides the engine. */
  places(): Promise<PlaceState[]>;
  /** Opens a checkpoint, an ONNX file or a run folder. Opening the same path again returns the same id. */
  open(path: string): Promise<ModelSummary>;
  close(id: string): Promise<void>;
  /** What to ask before a file of another library is opened as a flow; undefined when there is nothing to ask. */
  importForm(path: string): Promise<ImportForm | undefined>;
  /** Remembers answers in a file next to the checkpoint, which can be committed. */
  answerImport(path: string, answers: ImportAnswers): Promise<void>;
  /** Names the data of another library's flow in that file. Resolves to its path. */
  nameData(path: string, source: string): Promise<string>;
  /** Looks at data without training: a built-in name or the path of a file, or of a run config that names them. */
  previewData(source: string, token: string, choice?: DataChoice): Promise<DataPreview>;
  /** A table as it is written; undefined for other data. */
  tableOverview(source: string, token: string): Promise<TableOverview | undefined>;
  /** How long a training would take, by a few steps of it. */
  estimateTraining(request: Omit<TrainRequest, 'output'>, token: string): Promise<TrainEstimate>;
  /** The first points of data of two features, [n, 2], n up to `count`. */
  planePoints(source: string, count: number, token: string): Promise<NdArray<Float32Array>>;
  /** What the flow of a checkpoint can be written as. */
  convertTargetsOf(path: string, token: string): Promise<ConvertTarget[]>;
  /** Writes a checkpoint in the form of `to`, replacing `output` atomically. */
  convert(path: string, to: ConvertTarget, output: string, token: string): Promise<ConvertReport>;
  /** Asks one of the inspector's questions about an open model. `token` names the call for `cancel`. */
  ask<M extends InspectorMethod>(
    id: string,
    method: M,
    query: InspectorQuery<M>,
    token: string,
    context?: readonly number[],
  ): Promise<InspectorAnswer<M>>;
  exportOnnx(id: string, output: string, token: string): Promise<ExportReport>;
  /** Writes flow.py and weights.safetensors, the flow as a PyTorch module. @param output a folder */
  exportTorch(id: string, output: string): Promise<TorchExport>;
  /** Writes the self-contained HTML page. @param comparedWith id of a second open model, which the page compares with */
  exportHtml(id: string, output: string, token: string, comparedWith?: string): Promise<SavedPage>;
  /** The way from x to z as a GIF, over the first two features. */
  exportAnimation(id: string, output: string, token: string): Promise<WrittenFile>;
  /** The checkpoints of runs, in the order of their folders; files that cannot be read are left out. */
  runCheckpoints(folders: string[]): Promise<ComparableRun[]>;
  /** Trains until done or cancelled; progress goes to `EngineEvents.trainProgress`. */
  train(request: TrainRequest, token: string): Promise<TrainResult>;
  /** Prepares a run here, and submits a job that trains it. */
  submit(request: TrainRequest, job: SlurmJob, token: string): Promise<SubmittedJob>;
  /**
   * Leaves a request for the process that trains the run in `folder`, which may be another one; its id is what run.json
   * names once the request was read.
   * @throws UserError for a request that makes no sense, or a run that no process is training
   */
  control(folder: string, request: ControlRequest): Promise<{ id: string }>;
  cancel(token: string): Promise<void>;
}

/** What an engine writes to its standard error before it ends itself; V8 has similar words. */
export const outOfMemory = 'The engine is out of memory';

/** Implemented by the host that started the engine. */
export interface EngineEvents {
  trainProgress(token: string, progress: TrainProgress): void;
  /**
   * What `open` of this path will report, before it does: the header of one of our checkpoints says it, and its tensors may
   * take long to read.
   */
  outlined(path: string, outline: ModelOutline): void;
  log(line: string): void;
}

/** Environment of an engine process, set by the process that forks it. */
export interface EngineEnvironment {
  /** Which backend to use: a name, or "auto". */
  FLOWSCOPE_BACKEND?: BackendPreference;
  /** Folder of an installed native TensorFlow. */
  FLOWSCOPE_NATIVE?: string;
  /** The Python that trains with PyTorch. */
  FLOWSCOPE_PYTHON?: string;
  FLOWSCOPE_THREADS?: string;
  /** "1": opens no model that Flowscope did not write. */
  FLOWSCOPE_OWN_FILES?: '1';
  /** Fraction of the machine's memory that the process may take. */
  FLOWSCOPE_MEMORY_SHARE?: string;
  /** BCP 47 tag: the language of pages that the engine writes. English where absent. */
  FLOWSCOPE_LANGUAGE?: string;
}
