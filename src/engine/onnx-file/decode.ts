/** Decodes an ONNX file as it lies there: without the weights that it keeps in files beside it. */
import { open, type FileHandle } from 'node:fs/promises';
import { onnx } from 'onnx-proto';
import { UserError } from '../../base/user-error';
import { readError } from '../../files/read';

/** Bytes; a protocol buffer cannot be larger. */
export const largestModel = 2 ** 31 - 1;

export interface DecodedOnnx {
  bytes: number;
  model: onnx.ModelProto;
  /** Of the model, with at least one node. */
  graph: onnx.IGraphProto & { node: onnx.INodeProto[] };
}

/** @throws UserError for a file that cannot be read or is no ONNX model */
export async function decodeOnnx(file: string): Promise<DecodedOnnx> {
  const bytes = await readWhole(file);
  const bad = (what: string): UserError =>
    new UserError(`${file}: is not a valid ONNX model: ${what}. Export it again.`);
  if (bytes.length === 0) throw bad('the file is empty');
  let model: onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw bad(`it is damaged or cut off (${(error as Error).message})`);
  }
  const { graph } = model;
  if (!graph?.node || graph.node.length === 0) throw bad('it holds no graph');
  return { bytes: bytes.length, model, graph: { ...graph, node: graph.node } };
}

async function readWhole(file: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    if (size > largestModel) {
      throw new UserError(`${file}: is larger than 2 GiB, which no ONNX file can be.`);
    }
    const content = await handle.readFile();
    // A plain view: protobuf readers copy what they take out of a Buffer.
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    throw readError(file, error);
  } finally {
    await handle?.close();
  }
}
