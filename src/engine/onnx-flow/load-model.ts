/** Reads an ONNX file whole, with the weights that lie in files beside it. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { onnx } from 'onnx-proto';
import { UserError } from '../../config/user-error';
import { readError } from '../../files/read';
import { decodeOnnx, largestModel } from '../onnx-file/decode';

const { DataLocation } = onnx.TensorProto;

/**
 * The model with all of its weights inside.
 * @throws UserError for a file that cannot be read, is no ONNX model, or keeps weights where they are not
 */
export async function loadOnnxModel(file: string): Promise<onnx.ModelProto> {
  const { bytes, model, graph } = await decodeOnnx(file);
  await bringInside(file, bytes, tensorsOf(graph));
  return model;
}

/** Every tensor that a graph stores: initializers, and attributes of nodes in it and in graphs inside of it. */
function tensorsOf(graph: onnx.IGraphProto): onnx.ITensorProto[] {
  const inNodes = (graph.node ?? []).flatMap(({ attribute }) =>
    (attribute ?? []).flatMap(({ t, tensors, g, graphs }) => [
      ...(t ? [t] : []),
      ...(tensors ?? []),
      ...(g ? tensorsOf(g) : []),
      ...(graphs ?? []).flatMap(tensorsOf),
    ]),
  );
  return [...(graph.initializer ?? []), ...inNodes];
}

async function bringInside(
  file: string,
  bytes: number,
  tensors: readonly onnx.ITensorProto[],
): Promise<void> {
  const folder = path.dirname(file);
  let total = bytes;
  for (const tensor of tensors) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
    const location = entries.get('location') ?? '';
    const beside = path.resolve(folder, location);
    const offset = Number(entries.get('offset') ?? 0);
    const length = entries.has('length') ? Number(entries.get('length')) : undefined;
    const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
    // The format allows places beside the model and below only; others would read files that nobody meant.
    const inside =
      location !== '' && !path.relative(folder, beside).startsWith('..') && !path.isAbsolute(location);
    if (!inside || !whole(offset) || (length !== undefined && !whole(length))) {
      throw new UserError(
        `${file}: keeps the weights "${tensor.name}" at ${JSON.stringify(location)}, which is no place beside it. ` +
          'Save the model with its weights inside.',
      );
    }
    total += length ?? 0;
    if (total > largestModel) throw tooLarge(file);
    const raw = await readPart(beside, offset, length, `it holds weights of ${path.basename(file)}`);
    tensor.rawData = raw;
    tensor.dataLocation = DataLocation.DEFAULT;
    tensor.externalData = [];
  }
}

function tooLarge(file: string): UserError {
  return new UserError(`${file}: is larger than 2 GiB with its weights; its layers cannot be looked into.`);
}

async function readPart(
  file: string,
  offset: number,
  length: number | undefined,
  purpose: string,
): Promise<Uint8Array> {
  const missing = (what: string): UserError =>
    new UserError(`${file}: ${what}; ${purpose}. Fetch the file again.`);
  try {
    const { size } = await stat(file);
    const wanted = length ?? size - offset;
    if (wanted > largestModel) throw tooLarge(file);
    if (wanted < 0 || offset + wanted > size)
      throw missing(`ends before byte ${offset + Math.max(0, wanted)}`);
    const handle = await open(file, 'r');
    try {
      const bytes = new Uint8Array(wanted);
      let at = 0;
      while (at < wanted) {
        const { bytesRead } = await handle.read(bytes, at, wanted - at, offset + at);
        if (bytesRead === 0) throw missing(`ends before byte ${offset + wanted}`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing('no such file');
    throw readError(file, error);
  }
}
