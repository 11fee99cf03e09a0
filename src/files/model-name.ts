import path from 'node:path';

const suffixes =
  /(\.flow)?\.(safetensors|onnx)$|(\.(pt|pth|ckpt))?\.tar$|\.(pt|pth|ckpt|bin)$|\.keras$|(\.weights)?\.h5$|\.hdf5$|\.eqx$|(\.(safetensors|bin))?\.index(\.\w+)?\.json$|(\.pzflow)?\.pkl$|\.pickle$/i;

/** What a person calls a model file: its name without folder and suffixes. */
export function modelName(file: string): string {
  return path.basename(file).replace(suffixes, '');
}
