/** Reads what torch.save writes, the zip files since PyTorch 1.6 and the format before, and plain pickles. */
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { gather, sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { inMemory, type Source } from '../../files/read-range';
import { readZipDirectory, type ZipEntry } from '../../files/zip-directory';
import { itemBytes, noReader, swapBytes, toFloat32 } from '../tensors/dtypes';
import { tensorReader } from '../import/tensor-reader';
import type { TensorFile } from '../import/types';
import { refuseExported, refuseGlobal, refuseTar } from './advice';
import { torchContainer } from './container';
import { isNestedState, isWeightsConfig, stateOfScript, weightsOf } from './exported';
import { torchRules, UnknownGlobal } from './globals';
import { readLegacy, readNestedStorage } from './legacy';
import { NumpyArray } from './numpy';
import { mentionedNames } from './mentioned';
import { PickleError, PickleGlobal, readPickle } from '../pickle/pickle';
import { pickStateDict, stateOfPzflow, tensorsOfState, type StateDict } from './state-dict';
import { isContiguous, spanOf, type Tensor } from './tensor';

/** Limit for `data.pkl` and the like, which has no tensors' values: some hundred bytes a tensor. */
const largestPickle = 2 ** 26;
/** Limit for a file that is a pickle as a whole, with all values. */
const largestWhole = 2 ** 31 - 1;

/**
 * Finds the state dict of a checkpoint; no tensor is read yet.
 * @throws UserError when it is not a checkpoint of PyTorch, is damaged, or holds more than tensors, plain values and objects
 * of known libraries; the message then tells how to save it again
 */
export async function readTorch(file: string, handle: FileHandle, start: Uint8Array): Promise<TensorFile> {
  const container = torchContainer(start);
  switch (container) {
    case 'zip':
      return readZip(file, handle);
    case 'tar':
      throw refuseTar(file);
    case 'legacy':
    case 'pickle':
      return readWhole(file, handle, container);
    case undefined:
      throw new UserError(`${file}: is not a checkpoint of PyTorch; expected what torch.save writes.`);
  }
}

async function readZip(file: string, handle: FileHandle): Promise<TensorFile> {
  const { size } = await handle.stat();
  const archive = await findArchive(file, handle, size);
  const { state } = archive;
  const stored = [...archive.storages.values()].reduce((sum, entry) => sum + entry.size, 0);
  for (const tensors of tensorsOfState(state)) {
    checkStorages(file, archive, tensors);
    checkTotal(file, tensors, stored);
  }
  return {
    ...tensorsOf(file, 'torch', state, async (tensor, where) =>
      valuesOf(await readSpan(archive, tensor, where), tensor, where),
    ),
    bytes: size,
    close: () => handle.close(),
  };
}

/** One tensor that torch.save wrote by itself, in another file. @param bytes all of it */
export async function readTensorIn(file: string, bytes: Uint8Array): Promise<NdArray<Float32Array>> {
  const archive = await findArchive(file, inMemory(bytes), bytes.length, true);
  const { tensors } = archive.state;
  checkStorages(file, archive, tensors);
  checkTotal(file, tensors, bytes.length);
  const [[name, tensor]] = [...tensors] as [[string, Tensor]];
  const where = `${file}: tensor "${name}"`;
  return { shape: [...tensor.shape], data: valuesOf(await readSpan(archive, tensor, where), tensor, where) };
}

/** Files whose pickles have the values in them. */
async function readWhole(
  file: string,
  handle: FileHandle,
  container: 'legacy' | 'pickle',
): Promise<TensorFile> {
  const bytes: Uint8Array = await handle.readFile().catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ERR_FS_FILE_TOO_LARGE'
      ? damaged(file, `a pickle has at most ${largestWhole} bytes`)
      : error;
  });
  let root: unknown;
  const state = readState(file, container, bytes, () => (root = readRoot()));
  function readRoot(): unknown {
    if (container === 'legacy') return readLegacy(bytes, torchRules());
    // Each storage of the file is saved by itself; together they are no longer than the file.
    let left = bytes.length;
    const rules = torchRules((nested) => {
      left -= nested.length;
      if (left < 0) throw new PickleError('it reads its storages far too often');
      return readNestedStorage(nested, torchRules());
    });
    const read = readPickle(bytes, rules);
    rules.refuseUnknown(errorModels(read));
    return read;
  }
  const names = new Map<unknown, string>([...state.tensors].map(([name, tensor]) => [tensor, name]));
  for (const tensors of tensorsOfState(state)) {
    checkTotal(file, tensors, bytes.length);
    for (const [name, { storage }] of tensors) {
      if (!storage.content) throw damaged(file, `tensor "${name}" has no values`);
    }
  }
  return {
    ...tensorsOf(file, container === 'legacy' ? 'torch' : 'pickle', state, (tensor, where) =>
      Promise.resolve(valuesOf(contentSpan(tensor, where), tensor, where)),
    ),
    pickled: { root, nameOf: (value) => names.get(value instanceof NumpyArray ? value.tensor : value) },
    bytes: bytes.length,
    close: () => handle.close(),
  };
}

/** Names of the functions by which a flow of pzflow draws errors, which are its user's own. */
function errorModels(root: unknown): string[] {
  const state = stateOfPzflow(root);
  const models = ['data_error_model', 'condition_error_model'].map((key) => state?.get(key));
  return models.flatMap((model) => (model instanceof PickleGlobal ? [model.name] : []));
}

/** Reads the values of a tensor, row-major. @param where the file and the tensor, for messages */
type ReadValues = (tensor: Tensor, where: string) => Promise<Float32Array>;

export function tensorsOf(
  file: string,
  container: TensorFile['container'],
  state: StateDict,
  values: ReadValues,
): Omit<TensorFile, 'bytes' | 'close'> {
  const copies = [...state.copies].map(([key, tensors]) => ({ key, ...tensorReader(file, tensors, values) }));
  return {
    file,
    container,
    ...tensorReader(file, state.tensors, values),
    extras: state.extras,
    ...(state.leftOut.length > 0 ? { leftOut: state.leftOut } : {}),
    ...(state.rest.length > 0 ? { rest: state.rest } : {}),
    ...(state.modules ? { modules: state.modules } : {}),
    ...(copies.length > 0 ? { key: state.key, copies } : {}),
    ...(state.models && {
      models: state.models.map((model) => ({ ...model, ...tensorReader(file, model.tensors, values) })),
    }),
  };
}

/** @param span its bytes, from the first to the last value */
function valuesOf(span: Uint8Array<ArrayBuffer>, tensor: Tensor, where: string): Float32Array {
  const values = toFloat32(span.buffer, tensor.dtype, where);
  return isContiguous(tensor) ? values : gather(values, tensor, new Float32Array(sizeOf(tensor.shape)));
}

interface Archive {
  state: StateDict;
  storages: ReadonlyMap<string, ZipEntry>;
  /** Whether values are stored in the other order of bytes than this machine's. */
  swapped: boolean;
}

/** @param isNested whether it is in another archive */
async function findArchive(file: string, source: Source, size: number, isNested = false): Promise<Archive> {
  const entries = await readZipDirectory(file, source, size);
  // All entries lie in one folder, which has the name that the file was saved under.
  const path = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  const folder = path?.slice(0, -'data.pkl'.length) ?? '';
  if (path === undefined) {
    const config = [...entries.keys()].find((name) => isWeightsConfig.test(name));
    const inner = [...entries].find(([name]) => isNestedState.test(name))?.[1];
    if (config !== undefined) {
      const storages = below(entries, config.slice(0, config.lastIndexOf('/') + 1));
      const bytes = await readWholly(file, entries.get(config)!);
      const state = readState(file, 'torch', bytes, () => weightsOf(bytes, storages));
      return { state, storages, swapped: await isSwapped(entries, config.slice(0, config.indexOf('/') + 1)) };
    }
    if (inner && !isNested) return findArchive(file, inMemory(await inner.read()), inner.size, true);
    const isExported = /^([^/]*\/archive_format|serialized_exported_program\.json)$/;
    if ([...entries.keys()].some((name) => isExported.test(name))) throw refuseExported(file);
    throw new UserError(
      `${file}: is a zip file without the data.pkl of a PyTorch checkpoint. ` +
        `Save the tensors with torch.save(model.state_dict(), "model.pt").`,
    );
  }
  const isScript = entries.has(`${folder}constants.pkl`);
  const bytes = await readWholly(file, entries.get(path)!);
  const state = readState(file, 'torch', bytes, () => {
    const root = readPickle(bytes, torchRules());
    return isScript ? stateOfScript(root) : root;
  });
  return { state, storages: below(entries, `${folder}data/`), swapped: await isSwapped(entries, folder) };
}

/** Entries of a folder, by their names in it. */
function below(entries: ReadonlyMap<string, ZipEntry>, folder: string): Map<string, ZipEntry> {
  const inside = [...entries].filter(([name]) => name.startsWith(folder));
  return new Map(inside.map(([name, entry]) => [name.slice(folder.length), entry]));
}

/** Whether values are stored in the other order of bytes than this machine's. */
async function isSwapped(entries: ReadonlyMap<string, ZipEntry>, folder: string): Promise<boolean> {
  const order = entries.get(`${folder}byteorder`);
  const big =
    order !== undefined &&
    order.size < 16 &&
    Buffer.from(await order.read())
      .toString('latin1')
      .trim() === 'big';
  return big !== (endianness() === 'BE');
}

/** An entry that describes tensors. */
async function readWholly(file: string, entry: ZipEntry): Promise<Uint8Array> {
  const name = entry.name.slice(entry.name.lastIndexOf('/') + 1);
  if (entry.size > largestPickle) throw damaged(file, `its ${name} has ${entry.size} bytes`);
  const bytes = await entry.read();
  if (!isIntact(entry, bytes)) throw damaged(file, `the checksum of its ${name} is wrong`);
  return bytes;
}

function damaged(file: string, what: string): UserError {
  return new UserError(
    `${file}: is damaged, or not written by torch.save: ${what}. Copy or download it again.`,
  );
}

function readState(
  file: string,
  container: 'torch' | 'legacy' | 'pickle',
  bytes: Uint8Array,
  read: () => unknown,
): StateDict {
  try {
    const state = pickStateDict(read());
    if (state.tensors.size > 0) return state;
  } catch (error) {
    if (error instanceof UnknownGlobal)
      throw refuseGlobal(file, error, container === 'pickle', mentionedNames(bytes));
    if (error instanceof PickleError) throw damaged(file, error.message);
    throw error;
  }
  throw new UserError(
    `${file}: holds no tensors. Save those of the model: torch.save(model.state_dict(), "model.pt").`,
  );
}

/** What the pickle says of a storage has to be there in full. */
function checkStorages(file: string, { storages }: Archive, tensors: StateDict['tensors']): void {
  for (const [name, { storage, dtype }] of tensors) {
    if (storage.content) continue;
    const entry = storages.get(storage.key);
    const needed = storage.length * (storage.dtype === undefined ? 1 : (itemBytes[dtype] ?? 0));
    if (!entry || entry.size < needed) {
      throw new UserError(
        `${file}: is damaged: tensor "${name}" needs ${needed} bytes of data/${storage.key}, but ` +
          `${entry?.size ?? 0} are there. Copy or download it again.`,
      );
    }
  }
}

/** Tensors may share storages, and repeat their values; so often only where the file is to fill the memory. */
const mostShared = 4;
const mostRepeated = 2 ** 27;

/** @param stored bytes of all storages */
function checkTotal(file: string, tensors: StateDict['tensors'], stored: number): void {
  let total = 0;
  for (const { shape, dtype } of tensors.values()) total += sizeOf(shape) * (itemBytes[dtype] ?? 1);
  if (total <= mostShared * stored + mostRepeated) return;
  throw damaged(file, `its tensors have ${total} bytes together, which repeat ${stored} bytes of values`);
}

/** The bytes from a tensor's first to its last value, in this machine's order. */
async function readSpan(
  { storages, swapped }: Archive,
  tensor: Tensor,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (tensor.storage.content) return contentSpan(tensor, where);
  const { dtype, offset, storage } = tensor;
  const item = itemBytes[dtype];
  if (item === undefined) throw noReader(dtype, where);
  const entry = storages.get(storage.key)!;
  const begin = offset * item;
  const end = begin + spanOf(tensor) * item;
  // A copy when it is part of something larger: typed arrays need their own aligned buffer.
  const bytes = await entry.read(begin, end);
  if (bytes.length === entry.size && !isIntact(entry, bytes))
    throw new UserError(`${where}: its bytes are damaged (wrong checksum). Copy or download the file again.`);
  const copy = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  if (swapped) swapBytes(copy, item);
  return copy;
}

/** The same for a storage whose values are in the pickle. */
function contentSpan(tensor: Tensor, where: string): Uint8Array<ArrayBuffer> {
  const { dtype, offset } = tensor;
  const { bytes, littleEndian } = tensor.storage.content!;
  const item = itemBytes[dtype];
  if (item === undefined) throw noReader(dtype, where);
  const begin = offset * item;
  const copy = new Uint8Array(bytes.subarray(begin, begin + spanOf(tensor) * item));
  if (littleEndian !== (endianness() === 'LE')) swapBytes(copy, item);
  return copy;
}

/** Writers that save the time leave the checksum out. */
function isIntact(entry: ZipEntry, bytes: Uint8Array): boolean {
  return entry.crc32 === 0 || crc32(bytes) === entry.crc32;
}
