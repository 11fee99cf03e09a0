/** What views need of a flow, whether it is our own, traced, or was found in an ONNX file. */
import type { Quantity } from '../../protocol/quantities';
import type { NdArray } from '../../protocol/tensors';
import type { Standardization } from '../../config/standardization';
import { UserError } from '../../base/user-error';
import type { NetworkView } from '../../protocol/inspect';
import type { LayerInfo } from '../../protocol/model';
import type { Program } from '../backends/backend';
import type { FlowModel } from './flow-model';

export type Values = NdArray<Float32Array>;

/** One layer over N examples. Log-dets are in nats; shapes are without the batch axis. */
export interface LayerRecord {
  /** Values of the first example, as are `output`, `factored` and whatever is called `first`. */
  input: Values;
  output: Values;
  /** Latents that leave the flow here. */
  factored?: Values;
  /** [N] each: of the layer's own map, and of a batch norm, which may be the layer or follow its map. */
  logDet: { layer: Float32Array; norm: Float32Array };
  /** Where the own log-det is a sum over elements: its terms, and their sum over examples by weight. Layer shape. */
  elements?: { first: Values; sum: Values };
  /** Non-finite values of the output, [N]. */
  nonFinite: Float32Array;
  /** Largest |x − inverse(y)| of the layer alone, [N]; NaN where it is not finite. Absent where it was not asked for. */
  roundTrip?: Float32Array;
  /** What the layer declares, in its order. */
  quantities: QuantityRecord[];
  /** What a batch norm subtracted and the square of what it divided by, for each channel that it saw. */
  norm?: { mean: Float32Array; variance: Float32Array };
}

export interface QuantityRecord extends Quantity {
  /** Layer shape. */
  first: Values;
  /** Largest value and non-finite values of each example, [N]. */
  largest: Float32Array;
  nonFinite: Float32Array;
}

/** A pass over N examples. */
export interface PassRecord {
  /** [N, …]. */
  z: Float32Array;
  /** ln p(z) of the base, [N]. */
  prior: Float32Array;
  /** By layer index. */
  layers: LayerRecord[];
}

export interface Extremes {
  low: Float32Array;
  high: Float32Array;
}

/** Extremes of one layer over N examples. */
export interface LayerExtremes {
  /** Extremes of the layer's input, [N]. */
  input: Extremes;
  /** `perExample` [N]; `perElement` in the shape of the layer, over the examples. */
  quantities: (Quantity & { perExample: Extremes; perElement: Extremes })[];
  /** Examples whose input lies outside of a spline's interval, for each element. */
  outside?: Float32Array;
  /** Transformed elements at which the scale map is nearly flat, [N]; where it is one that saturates. */
  saturated?: Float32Array;
}

export interface HealthRecord {
  layers: LayerExtremes[];
  /** Largest activation of each hidden ReLU unit over examples and positions, by the name of its layer. */
  units: ReadonlyMap<string, Float32Array>;
}

export interface StoredTensor {
  name: string;
  shape: readonly number[];
}

export interface InspectedLayer {
  info: LayerInfo;
  /** Absent for preprocessing, which is not part of the flow. */
  flow?: {
    /** 1 where an element passes through, 0 where it moves. */
    mask?: { shape: readonly number[]; data: Float32Array };
    /** For each element of the layer's input, its element in the flow's input. */
    positions: Int32Array;
  };
  /** Absent for squeezes and factor-outs, which only move values. */
  bijection?: { parameters: readonly StoredTensor[]; state: readonly StoredTensor[] };
  /** Linear map of a layer that mixes and was found in a graph: y = matrix · x + offset, over all of its elements. */
  linear?: { matrix: Float64Array; inverse: Float64Array; offset: Float64Array };
}

/** Everything that is stored of a layer: its parameters, then its state. */
export const storedOf = ({ bijection }: Pick<InspectedLayer, 'bijection'>): readonly StoredTensor[] =>
  bijection ? [...bijection.parameters, ...bijection.state] : [];

/**
 * Batch normalization by running statistics, or by the statistics of such a batch. Round trips take as long as the way
 * forward and exist with running statistics only.
 */
export type PassMode = { kind: 'eval'; roundTrips: boolean } | { kind: 'train'; batch: number };

/** One layer of a graph, run alone near the values that it has for an example. */
export interface AloneLayer {
  /** It runs from the layer's output to its input. */
  backward: boolean;
  /** Inputs that it takes at once. */
  batch: number;
  /** Up to `batch` values of the layer, to what comes out of each. */
  run(inputs: readonly Float32Array[]): Promise<Float32Array[]>;
}

/** x [N, …] in data units, with the contexts of the examples where they have their own. */
export interface ExampleValues extends Values {
  context?: Values;
}

/** Programs that answer the views; each is made when first asked for. */
export interface InspectorPrograms {
  /**
   * x [N, …] in data units, with the weights of the examples in sums [N]. An answer may hold round trips that were not
   * asked for. @throws UserError where there is no such mode
   */
  pass(mode: PassMode): Promise<(x: ExampleValues, weight: Float32Array) => Promise<PassRecord>>;
  /** As `wayGraph`. @throws UserError where there is no way back */
  way(): Promise<Program>;
  /**
   * x [N, …] in data units → for each layer [N]: the largest difference at its input when the whole inverse starts at z;
   * NaN where it is not finite. @throws UserError where there is no way back
   */
  wayError(): Promise<(x: ExampleValues) => Promise<Float32Array[]>>;
  /** x [N, …] in data units; absent where the file does not show as much. */
  health?(): Promise<(x: ExampleValues) => Promise<HealthRecord>>;
  /** As `normStatisticsGraph`; absent where there are running statistics only. */
  normStatistics?(batch: number): Promise<Program>;
  /** Two-dimensional flows: x [N, 2] → `0` … [N, 2], the value after each layer by index. */
  points(): Promise<Program>;
  /** x [N, 2] → `density` [N]: p(x) in data units. */
  density(): Promise<Program>;
  /** h [N, 2] after `stage` layers → `logDensity` [N], nats. Absent where single layers cannot be run. */
  rest?(stage: number): Promise<Program>;
  /** h [N, 2] after `stage` ≥ 1 layers → `x` [N, 2] in data units. Absent where single layers cannot be run. */
  before?(stage: number): Promise<Program>;
  /** As `movedGraph`, for the layers that a check asks for. Absent where there are no gradients. */
  moved?(layers: readonly number[]): Promise<Program>;
  /** x [N, D] in data units → for each slice of a vector field, by index, its states at M equal times from end to end: [N, M, D] or [N, M·D]. */
  states?(): Promise<Program>;
  /** A layer of a graph without gradients, near the first example of a pass; undefined for layers that only move values. */
  alone?(
    layer: number,
    records: readonly LayerRecord[],
    context: ArrayLike<number> | undefined,
  ): Promise<AloneLayer | undefined>;
}

/** What the context of a conditional flow is an input of. */
export interface ContextReaders {
  /** Whether each layer reads it, in order. */
  layers: readonly boolean[];
  prior: boolean;
}

/** Looks inside single layers; only for flows that are built from our layers, not for graphs found in a file. */
export interface InnerPrograms {
  names(layer: number): { stages: { name: string; shape: number[] }[]; norms: string[] };
  /** As `featureGraph`, `activityGraph` and `jacobianGraph` say. */
  features(layer: number): Promise<Program>;
  activity(layer: number, mode: PassMode): Promise<Program>;
  jacobian(layer: number, rows: number): Promise<Program>;
  /** As `inputsGraph` says. */
  inputs(layer: number): Promise<Program>;
  /** As `knotsGraph` says. */
  knots(layer: number): Promise<Program>;
  /** As `curveGraph` says. */
  curve(layer: number, places: number): Promise<Program>;
  /** As `velocityGraph` says. */
  velocity(layer: number): Promise<Program>;
  /** As `linesGraph` says, for flows that are a vector field and nothing else. */
  lines(): Promise<Program>;
  /** As `contextReaders` and `contextGradientsGraph` say, for flows that take a context. */
  contextReaders(): ContextReaders;
  contextGradients(readers: ContextReaders): Promise<Program>;
}

/** What a recording knows of single layers besides a pass; inputs are of a layer, for one example with its context. */
export interface RecordedAnswers {
  network(layer: number): NetworkView;
  /** Feature maps at a stage that `network` names, [1, …]. */
  maps(layer: number, stage: string, input: Float32Array, context?: Float32Array): NdArray<Float32Array>;
  /** The whole of it, [outputs, inputs]. @throws UserError where it was not recorded */
  jacobian(layer: number, input: Float32Array, context?: Float32Array): Promise<Float32Array>;
  /** Mean |∂y/∂x| over `count` examples, [outputs, inputs]. @throws UserError where it was not recorded */
  dependence(layer: number): { count: number; mean: Float32Array };
}

type OfModel = 'config' | 'tensors' | 'data' | 'runner' | 'dimensions' | 'quantization';

export interface InspectedFlow extends Pick<FlowModel, OfModel> {
  /** Shapes without the batch axis, channels last. */
  flow: { inputShape: readonly number[]; outputShape: readonly number[] };
  /** Set where the first layer leads from data units to the flow's input. */
  preprocess?: object;
  standardization?: Standardization;
  layers: readonly InspectedLayer[];
  /** Examples in a batch of training. */
  trainingBatch: number;
  /** Place in the flow's input of each element of z; absent where z has the order of the input. */
  latentPositions?: Int32Array;
  /**
   * For layers of a two-dimensional flow that take values in another order than they are given in: where in a layer's input
   * each value of what comes before stands, the data or the output of the layer before.
   */
  turned?: readonly (readonly number[] | undefined)[];
  /** The context that all single examples have, where one was chosen. */
  chosenContext?: readonly number[];
  /** The same flow with a chosen context. Absent where it takes none. */
  withContext?(context: readonly number[]): InspectedFlow;
  programs: InspectorPrograms;
  inner?: InnerPrograms;
  recorded?: RecordedAnswers;
  /** Examples go into the flow as they are: no noise is added to their pixels, which may have any values. */
  rawPixels?: true;
}

/** What examples are made with. */
export type ExampleSource = Pick<
  InspectedFlow,
  'config' | 'data' | 'runner' | 'dimensions' | 'chosenContext' | 'rawPixels'
>;

/** @throws UserError for a layer that the model does not have */
export function layerAt(model: InspectedFlow, index: number): InspectedLayer {
  const layer = model.layers[index];
  if (layer) return layer;
  throw new UserError(`Layer ${index} was asked for; the model has ${model.layers.length}, numbered from 0.`);
}
