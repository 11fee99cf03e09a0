/** What is known of an opened model before anything is computed. */
import type { BaseConfig } from '../config/bases';
import type { BackendName } from './backends';
import type { TensorContainer } from './import';
import type { LayerMoves } from './layer-moves';
import type { Quantity } from './quantities';
import type { SplineInfo } from './spline';

export interface BackendInfo {
  /** "pytorch" trains only, in processes of its own. */
  name: BackendName | 'pytorch';
  /** Version of the library that computes, for example "TensorFlow 2.21.0". */
  library: string;
  threads: number;
  /** Why this one: chosen by setting, flag or environment, or the best that was found. */
  reason: string;
}

export type LayerKind =
  | 'logit'
  | 'pixels'
  | 'standardize'
  | 'checkerboard'
  | 'channelwise'
  | 'vector'
  | 'squeeze'
  | 'factorOut'
  | 'batchNorm'
  | 'actNorm'
  | 'autoregressive'
  | 'slice'
  | 'lu'
  | 'conv1x1'
  | 'haar'
  | 'flatten'
  | 'prior'
  | 'plu'
  | 'householder'
  | 'qr'
  | 'svd'
  | 'orthogonal'
  | 'rescale'
  | 'linear'
  | 'elementwise'
  | 'unknown'
  | 'recorded'
  | 'permute';

export interface LayerCounts {
  couplings: number;
  autoregressive: number;
  /** Parts of the time of a vector field. */
  slices: number;
  /** How often latents leave the flow. */
  scales: number;
}

export function layerCounts(
  layers: readonly { kind: LayerKind; coupling?: number | undefined }[],
): LayerCounts {
  const of = (kind: LayerKind): number => layers.filter((layer) => layer.kind === kind).length;
  return {
    couplings: layers.filter(({ coupling }) => coupling !== undefined).length,
    autoregressive: of('autoregressive'),
    slices: of('slice'),
    scales: 1 + of('factorOut'),
  };
}

/** Learned linear maps of all features, or of all channels of a pixel. */
export const mixingKinds: readonly LayerKind[] = [
  'lu',
  'plu',
  'householder',
  'qr',
  'svd',
  'orthogonal',
  'linear',
  'conv1x1',
];

/** A layer that follows a vector field for a part of its time. */
export interface TimeSlice {
  /** Its place among the slices: "1", or "1a" and "1b" where one was cut in half. */
  number?: string;
  /** Evaluations of the network. */
  runs: number;
  /** How far its log-det is off that of a finer solver from the same state, nats: mean of the sizes over the examples. */
  error?: number;
}

/** How a vector field was followed from data to noise. */
export interface SolvedField {
  /** t at both ends, as its library has it. */
  dataTime: number;
  noiseTime: number;
  /** "midpoint, 20 steps", "dopri5, rtol 0.00001". */
  solver: string;
  runs: number;
  /** How far log p(x) is off that of a finer solver, nats: mean of the sizes over the examples. */
  error?: number;
  /** Standard deviation of log p(x) where its divergence is estimated. */
  spread?: number;
}

/** One row of the flow strip, in forward order (data → latent). */
export interface LayerInfo {
  index: number;
  /** Unique path in the model, for example "scales.0.checkerboard.1"; also the prefix of its parameters. */
  name: string;
  kind: LayerKind;
  /** A recorded layer's name in its library, for example "AffineCouplingTransform". */
  called?: string;
  /** Zero-based number among the couplings; absent for other layers. */
  coupling?: number;
  /** Zero-based scale of a multi-scale flow; 0 for vectors. */
  scale: number;
  /** Shapes without the batch axis: [D] or [H, W, C]. */
  inputShape: number[];
  outputShape: number[];
  parameterCount: number;
  /** A coupling followed by batch normalization of its output (paper, section 3.7). */
  hasNorm: boolean;
  /** The maps of columns before a standardization, such as "income: log". */
  mapped?: string[];
  /** Whether features are integers, which get noise before. */
  dequantizes?: boolean;
  /** In English, for example "4×4×4, channels 2, 3 change". */
  description: string;
  /** What a coupling moves. */
  moves?: LayerMoves;
  /** What the layer computes for each element besides its output, in the order in which it is shown. */
  quantities?: Quantity[];
  /**
   * y from x, element by element and before any norm: x and the names of quantities, in blanks, in an expression for
   * people. Absent where it is not known, or is not such an expression.
   */
  formula?: string;
  /** What it computes besides its output is the same for every example. */
  sameForAll?: boolean;
  /** Order of an autoregressive layer: its features from the first, which depends on none, to the last. */
  order?: number[];
  /** Place of each feature in it, where some share one. */
  places?: number[];
  /** When a slice of a vector field begins and ends, in the time of its library. */
  times?: { from: number; to: number };
  /** How often the network runs in each direction, for layers whose network runs more than once in one of them. */
  networkPasses?: { forward: number; inverse: number };
  /** y = W·x + b over the last axis, the same for every example: its matrix can be shown. */
  mixes?: true;
  /** Each value that it changes goes through a curve with no known scale or shift. */
  curved?: true;
  /** It maps each element by itself, and what it makes of other values can be computed: a curve. */
  mapsAlone?: true;
  /** Where its map is a spline. */
  spline?: SplineInfo;
  /** The log-det of its own map is 0 for every input; a batch norm after it has its own. */
  preservesVolume?: true;
  /** Its Jacobian was not recorded. */
  lacksJacobian?: true;
  /** It is not in the file; that the data come so is taken for granted. */
  assumed?: true;
  slice?: TimeSlice;
}

/** "t 0 → 0.1". */
export function timesText({ from, to }: NonNullable<LayerInfo['times']>): string {
  return `t ${Number(from.toFixed(4))} → ${Number(to.toFixed(4))}`;
}

/** Whether features were mixed or moved before a layer, so that the data's features can no longer be told apart in it. */
export function mixedBefore(
  layers: readonly Pick<LayerInfo, 'index' | 'mixes'>[],
  { index }: Pick<LayerInfo, 'index'>,
): boolean {
  return layers.some((before) => before.mixes && before.index < index);
}

/** A coupling, an autoregressive layer or a slice of a vector field: a network says how features are mapped. */
export function hasConditioner({ coupling, kind }: { coupling?: number; kind: LayerKind }): boolean {
  return coupling !== undefined || kind === 'autoregressive' || kind === 'slice';
}

/** As pages and sentences call it: "coupling 4", or the layer's path. */
export function layerName({ coupling, name }: Pick<LayerInfo, 'coupling' | 'name'>): string {
  return coupling === undefined ? name : `coupling ${coupling + 1}`;
}

/** A layer of its own that normalizes; couplings can have a norm inside. */
export function isNorm({ kind }: { kind: LayerKind }): boolean {
  return kind === 'batchNorm' || kind === 'actNorm';
}

/** What a conditional flow is given besides x, number by number. */
export interface ContextInfo {
  /** Empty where it is an image. */
  names: string[];
  /** Shape of an image, [H, W, channels]; its numbers are in this order. */
  shape?: readonly [number, number, number];
  /** In data units: what is usual, and how far it spreads. */
  mean: number[];
  std: number[];
  /** Some or all of the numbers are a one-hot class: 1 for the class of the example, 0 for the others; their names are class names. */
  classes?: ClassRange;
}

/** Most names that are listed one by one. */
const fewNames = 3;

/** How to name the numbers of a context that are not a class: by their names where these are few, or by how many they are. */
export function contextNumbers({ names, mean, classes }: ContextInfo): { named: string[]; count: number } {
  const numberNames = classes ? names.slice(0, classes.start) : names;
  const count = mean.length - (classes?.count ?? 0);
  const isNamed =
    numberNames.length === count &&
    count <= fewNames &&
    numberNames.every((name) => !/^(context )?\d+$/.test(name));
  return isNamed ? { named: numberNames, count: 0 } : { named: [], count };
}

export interface ClassRange {
  /** Index of the first class among the numbers. */
  start: number;
  count: number;
  /** What the data call it, where they do: the name of a column. */
  name?: string;
}

/** Zero-based number of the class that a context names; undefined for what is none, such as a mean. */
export function classOf({ start, count }: ClassRange, context: ArrayLike<number>): number | undefined {
  let found: number | undefined;
  for (let i = 0; i < count; i++) {
    const value = context[start + i];
    if (value === 0) continue;
    if (value !== 1 || found !== undefined) return undefined;
    found = i;
  }
  return found;
}

/** The context with another class. */
export function withClass(
  { start, count }: ClassRange,
  context: ArrayLike<number>,
  chosen: number,
): number[] {
  return Array.from(context, (value, i) =>
    i < start || i >= start + count ? value : i === start + chosen ? 1 : 0,
  );
}

export interface SplitInfo {
  name: 'train' | 'validation';
  count: number;
}

export interface CheckpointInfo {
  path: string;
  step: number;
  /** Validation objective in nats per example, where known. */
  validationNats?: number;
  /** The same in bits/dim, of images. */
  validationBitsPerDim?: number;
  best: boolean;
}

/** Where a flow comes from that another library wrote. */
export interface ModelOrigin {
  /** The repository or package, for example "chrischute/real-nvp". */
  library: string;
  /** For people: "chrischute/real-nvp, 2 scales, 16 channels, 2 blocks". */
  title: string;
  /** What the file does not hold and was taken from an answer or a default, in words: "image size 32×32 (default)". */
  assumptions: string[];
  /** Those that are no more than a guess, and that every number depends on: "Height of the images: 64". */
  guesses?: string[];
  /** What the file, which runs the other way only, is searched for by numbers: that takes many runs for each. */
  searched?: 'x' | 'z';
}

/** What a recording is, and what can be asked of it. */
export interface RecordingInfo {
  /** ISO 8601. */
  recordedAt: string;
  /** The program that wrote it, with its version. */
  writer: string;
  /** Whose flow it is. */
  library?: string;
  /** Examples in it, and in the batch that it was made of. */
  examples: number;
  examplesGiven: number;
  samples: number;
  /** Names of the numbers that a conditional flow's examples were recorded with. */
  contextNames?: string[];
  /** What was left out or could not be computed, in words. */
  notes: string[];
  /** Questions that it has answers to. */
  answers: string[];
  /** Its flow still runs, and answers for what was not recorded. */
  running?: boolean;
  field?: SolvedField;
}

export interface ModelSummary {
  id: string;
  path: string;
  fileName: string;
  format: 'flowscope' | 'onnx' | 'recording' | TensorContainer;
  /** False when only the table of tensors can be shown; `reason` says why and what to do. */
  runnable: boolean;
  reason?: string;
  /** Present for flows that were read from a file of another library, or converted from one. */
  origin?: ModelOrigin;
  /** What a recording says about itself. */
  recording?: RecordingInfo;
  kind: 'vector' | 'image' | 'unknown';
  /** Event shape without the batch axis, [D] or [H, W, C] (padded). */
  shape: number[];
  /** Number of discrete values of a pixel; absent for vectors. */
  levels?: number;
  /** Which values of a pixel are black and white, where that is not from 0 to the last level. */
  pixels?: [black: number, white: number];
  /** Zero pixels added at each edge before the flow. */
  pad?: number;
  /** In English; pages in other languages have words of their own for what follows. */
  title: string;
  subtitle: string;
  /** What the flow is called, in English: "RealNVP"; of a recording, what its writer called it. */
  architecture?: string;
  /** Kind of a base that is not a standard normal. */
  base?: BaseConfig['kind'];
  /** Part of the flow in an ONNX file that Flowscope wrote. */
  part?: 'forward' | 'inverse' | 'sample';
  parameterCount: number;
  tensorCount: number;
  bytes: number;
  step?: number;
  /** The preset or data name that the run was made with, where known. */
  dataName?: string;
  /** The density that it was trained on in place of data. */
  target?: string;
  featureNames?: string[];
  /** Context of a conditional flow. */
  context?: ContextInfo;
  layers: LayerInfo[];
  splits: SplitInfo[];
  /** Says why `splits` is empty, when it is. */
  splitsReason?: string;
  runFolder?: string;
  checkpoints: CheckpointInfo[];
  backend: BackendInfo;
  /** ONNX only: graph inputs and outputs, operator counts and metadata. */
  onnx?: OnnxSummary;
  tensors: TensorEntry[];
}

/** A summary of a model that has no place in an engine yet. */
export type ModelOutline = Omit<ModelSummary, 'id'>;

export interface TensorEntry {
  name: string;
  shape: number[];
  dtype: string;
}

export interface OnnxSummary {
  opset: number;
  producer: string;
  inputs: { name: string; dtype: string; shape: (number | string)[] }[];
  outputs: { name: string; dtype: string; shape: (number | string)[] }[];
  operators: { op: string; count: number }[];
  metadata: Record<string, string>;
}
