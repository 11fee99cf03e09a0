/** What `describeModel` says of a file. */
import type { ModelConfig } from '../config/schema';
import type { ImportForm } from './import';
import type { LayerInfo, ModelSummary, RecordingInfo, TensorEntry } from './model';
import type { TensorStatistics } from './tensors';
import type { MetricsRow } from './run';

type Described =
  | 'index'
  | 'name'
  | 'inputShape'
  | 'scale'
  | 'coupling'
  | 'parameterCount'
  | 'description'
  | 'order'
  | 'networkPasses';

export interface LayerDescription extends Pick<LayerInfo, Described> {
  kind: string;
  /** Shape of the output, without the batch axis. */
  shape: number[];
  /** Batch normalization of the output, as part of the layer. */
  batchNorm: boolean;
}

type OfSummary = 'format' | 'bytes' | 'parameterCount' | 'tensorCount' | 'step' | 'onnx' | 'origin';

export interface ModelDescription extends Pick<ModelSummary, OfSummary> {
  file: string;
  run?: string;
  architecture?: { name: string; summary: string; inputShape: number[]; model: ModelConfig };
  layers: LayerDescription[];
  preprocessing?: { summary: string; [field: string]: unknown };
  seconds?: number;
  validation?: { nats: number; bitsPerDim?: number };
  /** The density that it was trained on, and what draws said of it last. */
  target?: { name: string } & Partial<MetricsRow>;
  data?: { summary: string; [field: string]: unknown };
  recording?: RecordingInfo & { title: string };
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
