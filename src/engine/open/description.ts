/** What `describeModel` says of a file. */
import type { ModelConfig } from '../../config/schema';
import type { ImportForm, TensorContainer } from '../../protocol/import';
import type { ModelOrigin, OnnxSummary, RecordingInfo, TensorEntry } from '../../protocol/model';
import type { TensorStatistics } from '../../protocol/tensors';

export interface LayerDescription {
  index: number;
  name: string;
  kind: string;
  /** Shape of the output, without the batch axis. */
  shape: number[];
  inputShape: number[];
  scale: number;
  coupling?: number;
  parameterCount: number;
  /** Batch normalization of the output, as part of the layer. */
  batchNorm: boolean;
  description: string;
  /** The features of an autoregressive layer from the first to the last. */
  order?: number[];
  /** How often the layer's network runs in each direction, where not once in both. */
  networkPasses?: { forward: number; inverse: number };
}

export interface ModelDescription {
  file: string;
  run?: string;
  format: 'flowscope' | 'onnx' | 'recording' | TensorContainer;
  bytes: number;
  architecture?: { name: string; summary: string; inputShape: number[]; model: ModelConfig };
  parameterCount: number;
  tensorCount: number;
  layers: LayerDescription[];
  preprocessing?: { summary: string; [field: string]: unknown };
  step?: number;
  seconds?: number;
  validation?: { nats: number; bitsPerDim?: number };
  data?: { summary: string; [field: string]: unknown };
  onnx?: OnnxSummary;
  recording?: RecordingInfo & { title: string };
  /** Origin of a flow that another library wrote. */
  origin?: ModelOrigin;
  /** What the file does not hold, with the answers in force; where to answer is in it. */
  asked?: ImportForm;
  /** Tensors of a file whose architecture is not known. */
  tensors?: DescribedTensor[];
  /** Plain values that are stored with them, such as an epoch. */
  extras?: Readonly<Record<string, number | string | boolean>>;
  /** The tensors of a checkpoint with values that are not finite as float32; of a large file, among the first ones. */
  nonFinite?: NonFiniteTensor[];
  note?: string;
}

/** How many values are NaN, and how many infinite: as float32, whatever the type that they are stored in. */
export interface NonFiniteTensor {
  name: string;
  dtype: string;
  nan: number;
  inf: number;
}

export type DescribedTensor = TensorEntry & Omit<TensorStatistics, 'name'>;
