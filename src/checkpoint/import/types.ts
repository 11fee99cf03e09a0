/** What importers of other libraries' files are given and give back. */
import type { ModelConfig } from '../../config/schema';
import type { ImportAnswers, ImportQuestion, TensorContainer } from '../../protocol/import';
import type { NdArray } from '../../protocol/tensors';
import type { PythonModule } from '../pickle/python-object';
import type { SafetensorsFile } from '../tensors/safetensors';

/** Named tensors of a file of any library, read when asked for. */
export interface TensorFile {
  /** Absolute path. */
  readonly file: string;
  readonly container: TensorContainer;
  readonly bytes: number;
  /** In the order of the file. dtype as safetensors names it: F64, F32, F16, BF16, I64, …, U8, BOOL. */
  readonly tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[] }>;
  /** Plain values next to the tensors, such as an epoch; by their path. */
  readonly extras: Readonly<Record<string, number | string | boolean>>;
  /** Tensors of the file that are not among `tensors`, for people: `"ema" (24 tensors)`. */
  readonly leftOut?: readonly string[];
  /** The same, tensor by tensor, by their paths in the file. */
  readonly rest?: readonly RestTensor[];
  /** Other tensors of the same names, such as a moving average, with what the file calls them. */
  readonly copies?: readonly (Pick<TensorFile, 'tensors' | 'read'> & { key: string })[];
  /** What the file calls `tensors`, where it has copies. */
  readonly key?: string;
  /** The file itself where its container is safetensors. */
  readonly safetensors?: SafetensorsFile;
  /** Contents of a plain pickle, as readPickle returns them, and the name of an array in them among `tensors`. */
  readonly pickled?: { root: unknown; nameOf(value: unknown): string | undefined };
  /** Where the file has the model itself, as an object: its modules with their attributes. */
  readonly modules?: readonly PythonModule[];
  /** Where the file has several models as objects, none of which is in another: all of them, by their paths in the file. */
  readonly models?: readonly (Pick<TensorFile, 'tensors' | 'read' | 'modules'> & { key: string })[];
  /**
   * As float32: integers and bools exactly where float32 holds them, float64 rounded.
   * @throws UserError when there is no such tensor or its bytes are damaged
   */
  read(name: string): Promise<NdArray<Float32Array>>;
  /** Called with the name of our tensor that the next reads are for, and with undefined at the end. For callers that follow it. */
  readonly reading?: (tensorName: string | undefined) => void;
  close(): Promise<void>;
}

/** Tensors of a file under other names. @param originals their names in the file, by the others */
export function underNames(
  file: Pick<TensorFile, 'tensors' | 'read'>,
  originals: ReadonlyMap<string, string>,
): Pick<TensorFile, 'tensors' | 'read'> {
  return {
    tensors: new Map([...originals].map(([name, original]) => [name, file.tensors.get(original)!])),
    read: (name) => file.read(originals.get(name) ?? name),
  };
}

/** The same file with other names of its tensors, no two of which become one. */
export function renamed(file: TensorFile, nameOf: (name: string) => string): TensorFile {
  return {
    ...file,
    ...underNames(file, new Map([...file.tensors.keys()].map((name) => [nameOf(name), name]))),
  };
}

/** A tensor of a file that is not read. */
export interface RestTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** `copy`: one of the weights under other names, such as a moving average. */
  of: 'optimizer' | 'copy' | 'other';
}

/** A flow in our format, made from the tensors of a file. */
export interface ImportedFlow {
  model: ModelConfig;
  /** Under the names of our flow; NHWC layouts. */
  tensors: Record<string, NdArray<Float32Array>>;
  /** For each of our layers, the prefix that its tensors have in the file: "flows.in_couplings.0". */
  layerNames: Record<string, string>;
  /** Where the file names them, all of them. */
  featureNames?: readonly string[];
  contextNames?: readonly string[];
  /** The context is a class: 1 for the one that it is, 0 for the others. */
  contextIsClass?: boolean;
}

export interface Recognized {
  /** For people: "chrischute/real-nvp, 2 scales, 16 channels, 2 blocks". */
  title: string;
  questions: ImportQuestion[];
  /** What the modules of a file answer of questions about single layers. */
  known?: ImportAnswers;
  /** Tensors of the file that do not belong to the flow. */
  rest?: readonly string[];
  /** Share of its names that do, if not all. */
  share?: number;
  /** @throws UserError when tensors are missing or have shapes that do not go together; answers are complete. */
  convert(answers: ImportAnswers): Promise<ImportedFlow>;
}

/** The answer to the question of this key, or what is in the way of reading a module, after "It lacks: ". */
export type ModuleFact =
  | {
      key: string;
      value: string | number;
      /** The module, where it is about one layer. */
      at?: string;
    }
  | string;

/** @param modules of a model, with the model itself first */
export type ModuleReader = (modules: readonly PythonModule[]) => ModuleFact[];

/** How far a file that was not recognized is from a library. */
export interface Closeness {
  /** Share of its names that fit: 0 … 1. */
  share: number;
  /** In words, after "It lacks: ". */
  missing: string[];
  /** Whether the file names the library, or has a list of layers that no other has. */
  named?: boolean;
}

export const isRecognized = (reading: Recognized | Closeness): reading is Recognized => 'convert' in reading;

/** One library's way of naming tensors. */
export interface Recognizer {
  /** The repository or package, for messages. */
  name: string;
  /** Looks at names and shapes only. */
  read(file: TensorFile): Recognized | Closeness;
  /** What modules say of themselves, where the file has the model as an object. */
  modules?: ModuleReader;
}
