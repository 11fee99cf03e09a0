import { onnx } from 'onnx-proto';
import { mutateBytes } from './bytes';
import type { Mutator } from './mutator';
import { mutateTree } from './tree';

/** The decoded model as a tree; what cannot be encoded again has its bytes changed. */
export const mutateOnnx: Mutator = (bytes, random) => {
  if (random.integer(3) === 0) return mutateBytes(bytes, random);
  try {
    const model = onnx.ModelProto.toObject(onnx.ModelProto.decode(new Uint8Array(bytes)));
    mutateTree(model, random);
    return Buffer.from(onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish());
  } catch {
    return mutateBytes(bytes, random);
  }
};
