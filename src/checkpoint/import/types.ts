/** What importers of other libraries' files are given and give back. */
import type { ModelConfig } from '../../config/schema';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';

/** Named tensors of a file of any library, read when asked for. */
export interface TensorFile {
  /** Absolute path. */
  readonly file: string;
  readonly container: 'safetensors' | 'torch';
  readonly bytes: number;
  /** In the order of the file. dtype as safetensors names it: F64, F32, F16, BF16, I64, …, U8, BOOL. */
  readonly tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[] }>;
  /** Plain values that stand beside the tensors, such as an epoch; by their path. */
  readonly extras: Readonly<Record<string, number | string | boolean>>;
  /** Tensors of the file that are not among `tensors`, for people: `"ema" (24 tensors)`. */
  readonly leftOut?: readonly string[];
  /**
   * As float32: integers and bools exactly where float32 holds them, float64 rounded.
   * @throws UserError when there is no such tensor or its bytes are damaged
   */
  read(name: string): Promise<NdArray<Float32Array>>;
  close(): Promise<void>;
}

/** A flow of ours, made from the tensors of a file. */
export interface ImportedFlow {
  model: ModelConfig;
  /** Under the names of our flow; NHWC layouts. */
  tensors: Record<string, NdArray<Float32Array>>;
  /** For each of our layers, the prefix that its tensors have in the file: "flows.in_couplings.0". */
  layerNames: Record<string, string>;
}

export interface Recognized {
  /** For people: "chrischute/real-nvp, 2 scales, 16 channels, 2 blocks". */
  title: string;
  questions: ImportQuestion[];
  /** @throws UserError when tensors are missing or have shapes that do not go together; answers are complete. */
  convert(answers: ImportAnswers): Promise<ImportedFlow>;
}

/** One library's way of naming tensors. */
export interface Recognizer {
  /** The repository or package, for messages. */
  name: string;
  /** Undefined when the file is not of this library. Looks at names and shapes only. */
  recognize(file: TensorFile): Recognized | undefined;
  /**
   * How far a file that was not recognized is from this library: the share of its names that fit, 0 … 1, and what is
   * missing.
   */
  closeness(file: TensorFile): { share: number; missing: string[] };
}
