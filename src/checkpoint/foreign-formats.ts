/** Files and folders of formats that are known and not read: what they are, and how to get at their tensors. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readError } from '../files/read';
import { joinDcp, joinDeepSpeed } from './import/signatures';

const saveWeights = 'Save the weights with Keras: model.save_weights("model.weights.h5").';
const exportOnnx = 'Export the model as .onnx instead.';
const saveFlat =
  'numpy.savez("model.npz", **flax.traverse_util.flatten_dict(params, sep=".")) saves its arrays by name.';

/** By the first bytes. */
const magics: readonly [at: number, magic: string, says: string][] = [
  [
    0,
    'GGUF',
    'a GGUF file, the format of llama.cpp. Its tensors are quantized; open the checkpoint that it was made from.',
  ],
  [4, 'TFL3', `a TensorFlow Lite file. ${saveWeights}`],
  [4, 'ORTM', `a file in the ORT format of ONNX Runtime. ${exportOnnx}`],
  [
    4,
    'ODTC',
    `a training checkpoint of ONNX Runtime. Export the model from it: onnxruntime.training.api.Module.export_model_for_inferencing.`,
  ],
];

/** By the end of the name, where the content says nothing. */
const endings: readonly [end: RegExp, says: string][] = [
  [
    /\.distcp$/i,
    `one file of a distributed checkpoint of PyTorch (torch DCP), without its .metadata. Open it in its folder, or join all of it there: ${joinDcp}`,
  ],
  [
    /(^|[/\\])zero_pp_rank_\d+_mp_rank_\d+_\w*states\.pt$/i,
    `one shard of a checkpoint of DeepSpeed. ${joinDeepSpeed}`,
  ],
  [/\.data-\d{5}-of-\d{5}$/i, `a checkpoint of TensorFlow. ${saveWeights}`],
  [/(^|[/\\])saved_model\.pb$/i, `a SavedModel of TensorFlow. ${saveWeights}`],
  [/\.pb$/i, `a graph of TensorFlow. ${saveWeights}`],
  [
    /\.msgpack$/i,
    `a file of Flax. params = flax.serialization.msgpack_restore(open("FILE", "rb").read()); ${saveFlat}`,
  ],
  [/\.mlmodel$/i, `a Core ML file. ${exportOnnx}`],
];

/** By the names in a folder; all of them have to be there. */
const folders: readonly [names: readonly RegExp[], says: string][] = [
  [[/^zero_to_fp32\.py$/], `a checkpoint of DeepSpeed. ${joinDeepSpeed}`],
  [[/^saved_model\.pb$/], `a SavedModel of TensorFlow. ${saveWeights}`],
  [
    [/^(_CHECKPOINT_METADATA|manifest\.ocdbt)$/],
    `a checkpoint of Orbax (JAX). params = orbax.checkpoint.StandardCheckpointer().restore("FOLDER"); ${saveFlat}`,
  ],
  [[/\.data-\d{5}-of-\d{5}$/], `a checkpoint of TensorFlow. ${saveWeights}`],
];

/** After "is ": what the file is and what to do. @param start its first bytes */
export function foreignFormat(file: string, start: Uint8Array): string | undefined {
  const text = Buffer.from(start.subarray(0, 8)).toString('latin1');
  const magic = magics.find(([at, word]) => text.startsWith(word, at));
  return magic?.[2] ?? endings.find(([end]) => end.test(file))?.[1];
}

/** The same of a folder. @throws UserError when it cannot be read */
export async function foreignFolder(folder: string): Promise<string | undefined> {
  const names = await readdir(path.resolve(folder)).catch((error: unknown) => {
    throw readError(folder, error);
  });
  return folders.find(([patterns]) => patterns.every((one) => names.some((name) => one.test(name))))?.[1];
}
