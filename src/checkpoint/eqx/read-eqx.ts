/**
 * Reads what equinox.tree_serialise_leaves writes: the leaves of a tree one after another, each as NumPy saves it, without
 * names or structure. The arguments that the tree was made with are in a first line of JSON, as Equinox's guide says, or in a
 * JSON file next to it.
 */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { entryOf } from '../../base/kept';
import { decodeNpy, parseNpyStart, toFloat32, type NpyHeader } from '../../data/npy';
import { exists } from '../../base/exists';
import { jsonIn } from '../../base/json-parts';
import { sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import { largestJson } from '../../config/run-status';
import { readText } from '../../files/read';
import { numpyTypes } from '../tensors/dtypes';
import { plainValues } from '../import/plain-values';
import { tensorReader } from '../import/tensor-reader';
import type { TensorFile } from '../import/types';

const mostLeaves = 100_000;
/** Limit for the JSON, bytes. */
const longestLine = 2 ** 15;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const lineBreak = 10;
const brace = 0x7b;

const isNpy = (bytes: Uint8Array, at: number): boolean => magic.every((byte, i) => bytes[at + i] === byte);

/** Where leaves begin; undefined where the file is none of these, though a single array of NumPy is. @param start its first bytes */
export function leavesBegin(start: Uint8Array): number | undefined {
  if (isNpy(start, 0)) return 0;
  if (start[0] !== brace) return undefined;
  const end = start.subarray(0, longestLine).indexOf(lineBreak);
  return end >= 0 && isNpy(start, end + 1) ? end + 1 : undefined;
}

/** @throws UserError when the file is damaged */
export async function readEqx(file: string, handle: FileHandle): Promise<TensorFile> {
  const bytes: Uint8Array = await handle.readFile();
  const begin = leavesBegin(bytes) ?? 0;
  const leaves = new Map<
    string,
    { header: NpyHeader; begin: number; dtype: string; shape: readonly number[] }
  >();
  for (let at = begin; at < bytes.length;) {
    if (leaves.size >= mostLeaves) throw new UserError(`${file}: has more than ${mostLeaves} leaves.`);
    const name = `leaf.${leaves.size}`;
    const header = parseNpyStart(bytes.subarray(at), `${file}: ${name}`);
    const end = at + header.start + sizeOf(header.shape) * header.itemBytes;
    if (!(end <= bytes.length))
      throw new UserError(`${file}: ${name} is cut off. Copy or download the file again.`);
    if (header.fortran && header.shape.length > 1)
      throw new UserError(`${file}: ${name} is in the order of Fortran, in which Equinox writes nothing.`);
    const { type, shape } = header;
    leaves.set(name, { header, begin: at + header.start, dtype: numpyTypes[type]!, shape });
    at = end;
  }
  const first = begin === 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, begin));
  // A leaf is asked for once for each of the layers that are stacked in it.
  const decoded = new Map<number, Float32Array>();
  return {
    file,
    container: 'eqx',
    bytes: bytes.length,
    ...tensorReader(file, leaves, ({ header, begin, shape }) =>
      entryOf(decoded, begin, () => {
        const content = bytes.subarray(begin, begin + sizeOf(shape) * header.itemBytes);
        return toFloat32({ shape: [...shape], dtype: header.dtype, data: decodeNpy(content, header) }).data;
      }),
    ),
    extras: first === undefined ? await besideIt(file) : argumentsIn(first, `${file}: its first line`),
    close: () => handle.close(),
  };
}

/** Plain values from the JSON next to a file of flowjax. */
async function besideIt(file: string): Promise<TensorFile['extras']> {
  const { dir, name } = path.parse(file);
  for (const candidate of ['flow_kwargs.json', `${name}.json`]) {
    const where = path.join(dir, candidate);
    if (await exists(where)) return argumentsIn(await readText(where, largestJson), where);
  }
  return {};
}

function argumentsIn(text: string, where: string): TensorFile['extras'] {
  const parsed = jsonIn(text);
  if (parsed !== undefined) return plainValues(parsed);
  throw new UserError(`${where}: is not JSON; expected the arguments that the flow was made with.`);
}
