/** Reads an ONNX file whole, with the weights that are in other files next to it. */
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { onnx } from 'onnx-proto';
import { shortened, UserError } from '../../base/user-error';
import { readError } from '../../files/read';
import { decodeOnnx, largestModel } from '../onnx-file/decode';

const { DataLocation } = onnx.TensorProto;

/**
 * The model with all of its weights inside.
 * @throws UserError for a file that cannot be read, is not an ONNX model, or names weights in files that are missing
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

/** The bytes of a tensor in a file next to the model. */
type Part = Awaited<ReturnType<typeof findPart>>;

/** All sizes are known, and add up to no more than is read, before the first byte is. */
async function bringInside(
  file: string,
  bytes: number,
  tensors: readonly onnx.ITensorProto[],
): Promise<void> {
  const parts: Part[] = [];
  let total = bytes;
  for (const tensor of tensors) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const part = await findPart(file, tensor);
    total += part.length;
    if (total > largestModel) {
      throw new UserError(
        `${file}: is larger than 2 GiB with its weights; its layers cannot be looked into.`,
      );
    }
    parts.push(part);
  }
  for (const part of parts) {
    part.tensor.rawData = await readPart(part, file);
    part.tensor.dataLocation = DataLocation.DEFAULT;
    part.tensor.externalData = [];
  }
}

async function findPart(model: string, tensor: onnx.ITensorProto) {
  const folder = path.dirname(model);
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
  const location = entries.get('location') ?? '';
  const beside = path.resolve(folder, location);
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : undefined;
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  const elsewhere = () =>
    new UserError(
      `${model}: keeps the weights "${shortened(tensor.name ?? '')}" at ${JSON.stringify(shortened(location))}, which is ` +
        'no place beside it. Save the model with its weights inside.',
    );
  // The format allows places next to the model and below only; others would read unrelated files.
  const inside = location !== '' && !path.isAbsolute(location) && isInside(folder, beside);
  if (!inside || !whole(offset) || (length !== undefined && !whole(length))) throw elsewhere();
  try {
    // A link next to it may lead anywhere; if the model itself is a link, the weights may be next to its target.
    const file = await realpath(beside);
    const homes = [await realpath(folder), path.dirname(await realpath(model))];
    if (!homes.some((home) => isInside(home, file))) throw elsewhere();
    const info = await stat(file);
    // Pipes and devices would be waited for without end.
    if (!info.isFile()) throw missing(file, model, 'is no file');
    const byteLength = length ?? info.size - offset;
    if (byteLength < 0 || offset + byteLength > info.size)
      throw missing(file, model, `ends before byte ${offset + Math.max(0, byteLength)}`);
    return { tensor, file, offset, length: byteLength };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(beside, model, 'no such file');
    throw readError(beside, error);
  }
}

/**
 * Whether a path lies below a folder; on Windows what is relative to it can still be of another drive.
 * @param paths path functions of the system; tests pass the functions of another
 */
export function isInside(folder: string, file: string, paths: path.PlatformPath = path): boolean {
  const relative = paths.relative(folder, file);
  return relative !== '' && relative.split(paths.sep)[0] !== '..' && !paths.isAbsolute(relative);
}

function missing(file: string, model: string, what: string): UserError {
  return new UserError(
    `${file}: ${what}; it holds weights of ${path.basename(model)}. Fetch the file again.`,
  );
}

async function readPart({ file, offset, length }: Part, model: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const bytes = new Uint8Array(length);
      let at = 0;
      while (at < length) {
        const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
        if (bytesRead === 0) throw missing(file, model, `ends before byte ${offset + length}`);
        at += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readError(file, error);
  }
}
