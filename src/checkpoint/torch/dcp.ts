/**
 * Distributed checkpoints of PyTorch (DCP): a folder with parts of tensors in .distcp files, each part as torch.save writes
 * it, and a pickle, .metadata, that says where each of them is.
 */
import { readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { sizeOf, stridesOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import { openFile } from '../../files/read';
import { readRange } from '../../files/read-range';
import { joinDcp } from '../import/signatures';
import type { TensorFile } from '../import/types';
import { PickleError, readPickle, type PickleRules } from '../pickle/pickle';
import { PythonObject } from '../pickle/python-object';
import { itemBytes } from '../tensors/dtypes';
import { checkTensorNames } from '../tensors/tensor-names';
import { torchDtype, torchRules, UnknownGlobal } from './globals';
import { readTensorIn, tensorsOf } from './read-torch';
import { pickStateDict } from './state-dict';
import { createTensor, isSizes, Storage, type Tensor } from './tensor';

const listName = '.metadata';
const largestList = 2 ** 26;
/** All of them are open at once. */
const mostFiles = 500;
const deepest = 50;

/** A block of a tensor, and where its bytes are. */
interface Part {
  offsets: readonly number[];
  sizes: readonly number[];
  file: string;
  begin: number;
  length: number;
}

interface Listed {
  tensor: Tensor;
  /** Keys that lead to it in what was saved. */
  path: readonly unknown[];
  parts: Part[];
}

/** The list of the checkpoint that a file belongs to, or that a folder is. */
export async function dcpOf(file: string, isFolder = false): Promise<string | undefined> {
  const isPart = (name: string): boolean => name.toLowerCase().endsWith('.distcp');
  if (!isFolder && path.basename(file) !== listName && !isPart(file)) return undefined;
  const folder = isFolder ? file : path.dirname(file);
  const names = await readdir(folder).catch((): string[] => []);
  return names.includes(listName) && names.some(isPart) ? path.join(folder, listName) : undefined;
}

/** @throws UserError when it is damaged or has what is not known; it then says how to join the files */
export async function openDcp(list: string): Promise<TensorFile> {
  const open = new Map<string, { handle: FileHandle; size: number }>();
  const close = async (): Promise<void> => {
    for (const { handle } of open.values()) await handle.close();
  };
  try {
    const handle = await openFile(list);
    const { size } = await handle.stat();
    open.set(listName, { handle, size });
    if (size > largestList) throw new PickleError(`its ${listName} has ${size} bytes`);
    const listed = listedIn(readPickle(await readRange(handle, 0, size, list), rules()));
    const names = new Set([...listed.values()].flatMap(({ parts }) => parts.map(({ file }) => file)));
    if (names.size > mostFiles) throw new PickleError(`it has ${names.size} files`);
    for (const name of names) {
      const part = await openFile(path.join(path.dirname(list), name));
      open.set(name, { handle: part, size: 0 });
      open.set(name, { handle: part, size: (await part.stat()).size });
    }
    for (const [name, { tensor, parts }] of listed) checkParts(name, tensor, parts, open);
    checkTensorNames(list, listed.keys());
    const state = pickStateDict(nested(listed.values()));
    if (state.tensors.size === 0) throw new PickleError('it holds no tensors');
    const read = async (tensor: Tensor): Promise<Float32Array> => {
      const { parts } = listed.get(tensor.storage.key)!;
      // What no part fills would be seen.
      const whole = new Float32Array(sizeOf(tensor.shape)).fill(NaN);
      for (const { file, begin, length, sizes, offsets } of parts) {
        const where = path.join(path.dirname(list), file);
        const bytes = await readRange(open.get(file)!.handle, begin, length, where);
        const { shape, data } = await readTensorIn(where, bytes);
        if (String(shape) !== String(sizes))
          throw new UserError(
            `${where}: is damaged: a part has the shape [${shape.join(', ')}]; expected [${sizes.join(', ')}].`,
          );
        place(data, sizes, whole, tensor.strides, offsets);
      }
      return whole;
    };
    return {
      ...tensorsOf(list, 'torch', state, read),
      bytes: [...open.values()].reduce((sum, { size }) => sum + size, 0),
      close,
    };
  } catch (error) {
    await close();
    if (!(error instanceof PickleError || error instanceof UnknownGlobal)) throw error;
    throw new UserError(
      `${list}: is of a distributed checkpoint of PyTorch (torch DCP) that cannot be read: ${error.message}. ${joinDcp}`,
    );
  }
}

/** Objects of torch.distributed.checkpoint are read with their attributes; what is called is that of other checkpoints. */
function rules(): PickleRules {
  const others = torchRules();
  const isCheckpointName = (name: string): boolean =>
    name.startsWith('torch.distributed.checkpoint.') || name === 'torch.serialization._get_layout';
  return {
    ...others,
    allow: (name, root) => (isCheckpointName(name) ? undefined : others.allow(name, root)),
    call: (name, args) => (isCheckpointName(name) ? new PythonObject(name, args) : others.call(name, args)),
    setState(object, state) {
      // (dtype, layout, requires_grad, memory format, …)
      if (
        object instanceof PythonObject &&
        object.className.endsWith('.TensorProperties') &&
        Array.isArray(state)
      )
        object.attributes.set('dtype', state[0]);
      else others.setState(object, state);
    },
  };
}

const fields = (value: unknown): ReadonlyMap<unknown, unknown> =>
  value instanceof PythonObject ? value.attributes : new Map();

const entries = (value: unknown): [unknown, unknown][] => (value instanceof Map ? [...value] : []);

/** Tensors and their parts, by their names in the list. */
function listedIn(root: unknown): Map<string, Listed> {
  const metadata = fields(root);
  const places = new Map<string, unknown>();
  for (const [index, info] of entries(metadata.get('storage_data'))) {
    const key = fields(index);
    places.set(`${String(key.get('fqn'))} ${offsetText(key.get('offset'))}`, info);
  }
  const paths = new Map(entries(metadata.get('planner_data')));
  const listed = new Map<string, Listed>();
  for (const [name, stored] of entries(metadata.get('state_dict_metadata'))) {
    const tensor = fields(stored);
    const wrong = new PickleError(`"${String(name).slice(0, 60)}" in it is not described as known`);
    const [shape, chunks] = [tensor.get('size'), tensor.get('chunks')];
    // Other values are pickled one by one.
    if (shape === undefined) continue;
    const dtype = torchDtype(fields(tensor.get('properties')).get('dtype'));
    if (typeof name !== 'string' || dtype === undefined || !isSizes(shape) || !Array.isArray(chunks))
      throw wrong;
    const parts = chunks.map((chunk): Part => {
      const [offsets, sizes] = [fields(chunk).get('offsets'), fields(chunk).get('sizes')];
      const place = fields(places.get(`${name} ${offsetText(offsets)}`));
      const [file, begin, length] = ['relative_path', 'offset', 'length'].map((key) => place.get(key));
      if (!isSizes(offsets) || !isSizes(sizes) || !isSizes([begin, length])) throw wrong;
      if (offsets.length !== shape.length || sizes.length !== shape.length) throw wrong;
      if (offsets.some((offset, axis) => offset + sizes[axis]! > shape[axis]!)) throw wrong;
      if (typeof file !== 'string' || !/^[\w.-]+\.distcp$/.test(file)) throw wrong;
      return { offsets, sizes, file, begin: begin as number, length: length as number };
    });
    const storage = new Storage(name, dtype, sizeOf(shape));
    const path = paths.get(name);
    listed.set(name, {
      tensor: createTensor(storage, 0, shape, stridesOf(shape), undefined, itemBytes[dtype]!),
      path: Array.isArray(path) && path.length > 0 ? path : [name],
      parts,
    });
  }
  return listed;
}

const offsetText = (offset: unknown): string => (isSizes(offset) ? offset.join() : '');

/** What was saved, as far as it is tensors. */
function nested(listed: Iterable<Listed>): Map<unknown, unknown> {
  const root = new Map<unknown, unknown>();
  for (const { tensor, path } of listed) {
    if (path.length > deepest) throw new PickleError(`its containers are nested deeper than ${deepest}`);
    let at = root;
    for (const key of path.slice(0, -1)) {
      const inner = at.get(key) ?? new Map<unknown, unknown>();
      if (!(inner instanceof Map)) throw new PickleError('a tensor in it is in another one');
      at.set(key, inner);
      at = inner;
    }
    at.set(path.at(-1), tensor);
  }
  return root;
}

/** Parts have to be in their files, no smaller than their values are, and to have as many as the tensor. */
function checkParts(
  name: string,
  { shape, dtype }: Tensor,
  parts: readonly Part[],
  files: ReadonlyMap<string, { size: number }>,
): void {
  const isMissing = parts.some(
    ({ file, begin, length, sizes }) =>
      begin + length > files.get(file)!.size || length < sizeOf(sizes) * itemBytes[dtype]!,
  );
  if (isMissing || parts.reduce((sum, { sizes }) => sum + sizeOf(sizes), 0) !== sizeOf(shape))
    throw new PickleError(`parts of "${name.slice(0, 60)}" are missing`);
}

/** Copies a block, row by row, to its place in the whole. */
function place(
  block: Float32Array,
  sizes: readonly number[],
  whole: Float32Array,
  strides: readonly number[],
  offsets: readonly number[],
): void {
  const row = sizes.at(-1) ?? 1;
  const index = sizes.map(() => 0);
  for (let from = 0; from < block.length; from += row) {
    const to = index.reduce((at, i, axis) => at + (i + offsets[axis]!) * strides[axis]!, 0);
    whole.set(block.subarray(from, from + row), to);
    for (let axis = sizes.length - 2; axis >= 0; axis--) {
      if (++index[axis]! < sizes[axis]!) break;
      index[axis] = 0;
    }
  }
}
