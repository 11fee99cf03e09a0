/** Opens the zip files that torch.save writes since PyTorch 1.6. */
import { open, type FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { UserError } from '../../base/user-error';
import { readError } from '../../files/read';
import { readZipDirectory, type ZipEntry } from '../../files/zip-directory';
import { itemBytes, noReader, toFloat32 } from '../dtypes';
import type { TensorFile } from '../import/types';
import { refuseGlobal, refuseLegacy, refusePickle, refuseScript, refuseTar } from './advice';
import { torchContainer } from './container';
import { torchRules, UnknownGlobal } from './globals';
import { PickleError, readPickle } from './pickle';
import { pickStateDict, type StateDict } from './state-dict';
import { gather, isContiguous, spanOf, type Tensor } from './tensor';

/** Of `data.pkl`, which has no tensors' values: some hundred bytes a tensor. */
const largestPickle = 2 ** 26;

/**
 * Opens a checkpoint and finds its state dict; no tensor is read yet. The file stays open: `close` it.
 * @throws UserError when it is no checkpoint of PyTorch, is damaged, or holds more than tensors and plain values;
 * the message then tells how to save it again
 */
export async function openTorch(file: string): Promise<TensorFile> {
  switch (await torchContainer(file)) {
    case 'zip':
      break;
    case 'tar':
      throw refuseTar(file);
    case 'legacy':
      throw refuseLegacy(file);
    case 'pickle':
      throw refusePickle(file);
    case undefined:
      throw new UserError(`${file}: is not a checkpoint of PyTorch; expected what torch.save writes.`);
  }
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const opened = handle;
    const { size } = await opened.stat();
    const archive = await findArchive(file, await readZipDirectory(file, opened, size));
    const state = await readState(file, archive);
    checkStorages(file, archive, state);
    return {
      file,
      container: 'torch',
      bytes: size,
      tensors: new Map([...state.tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
      extras: state.extras,
      ...(state.leftOut.length > 0 ? { leftOut: state.leftOut } : {}),
      async read(name) {
        const tensor = state.tensors.get(name);
        if (!tensor) throw new UserError(`${file}: holds no tensor "${name}".`);
        const where = `${file}: tensor "${name}"`;
        const span = toFloat32((await readSpan(archive, tensor, where)).buffer, tensor.dtype, where);
        return { shape: [...tensor.shape], data: isContiguous(tensor) ? span : gather(span, tensor) };
      },
      close: () => opened.close(),
    };
  } catch (error) {
    await handle?.close();
    throw readError(file, error);
  }
}

interface Archive {
  pickle: ZipEntry;
  storages: ReadonlyMap<string, ZipEntry>;
  /** Whether values are stored in the other order of bytes than this machine's. */
  swapped: boolean;
}

async function findArchive(file: string, entries: ReadonlyMap<string, ZipEntry>): Promise<Archive> {
  // All entries lie in one folder, which has the name that the file was saved under.
  const path = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  const folder = path?.slice(0, -'data.pkl'.length) ?? '';
  if (path === undefined) {
    throw new UserError(
      `${file}: is a zip file without the data.pkl of a PyTorch checkpoint. ` +
        `Save the tensors with torch.save(model.state_dict(), "model.pt").`,
    );
  }
  if (entries.has(`${folder}constants.pkl`)) throw refuseScript(file);
  const storages = new Map<string, ZipEntry>();
  for (const [name, entry] of entries) {
    if (name.startsWith(`${folder}data/`)) storages.set(name.slice(folder.length + 'data/'.length), entry);
  }
  const order = entries.get(`${folder}byteorder`);
  const big = order !== undefined && order.size < 16 && textOf(await order.read()).trim() === 'big';
  return { pickle: entries.get(path)!, storages, swapped: big !== (endianness() === 'BE') };
}

async function readState(file: string, { pickle }: Archive): Promise<StateDict> {
  const damaged = (what: string) =>
    new UserError(`${file}: is damaged, or not written by torch.save: ${what}. Copy or download it again.`);
  if (pickle.size > largestPickle) throw damaged(`its data.pkl has ${pickle.size} bytes`);
  const bytes = await pickle.read();
  if (!isIntact(pickle, bytes)) throw damaged('the checksum of its data.pkl is wrong');
  try {
    const state = pickStateDict(readPickle(bytes, torchRules()));
    if (state.tensors.size > 0) return state;
  } catch (error) {
    if (error instanceof UnknownGlobal) throw refuseGlobal(file, error);
    if (error instanceof PickleError) throw damaged(error.message);
    throw error;
  }
  throw new UserError(
    `${file}: holds no tensors. Save those of the model: torch.save(model.state_dict(), "model.pt").`,
  );
}

/** What the pickle says of a storage has to be there in full. */
function checkStorages(file: string, { storages }: Archive, { tensors }: StateDict): void {
  for (const [name, { storage, dtype }] of tensors) {
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

/** The bytes from a tensor's first to its last value, in this machine's order. */
async function readSpan(
  { storages, swapped }: Archive,
  tensor: Tensor,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { dtype, offset, storage } = tensor;
  const item = itemBytes[dtype];
  if (item === undefined) throw noReader(dtype, where);
  const entry = storages.get(storage.key)!;
  const begin = offset * item;
  const end = begin + spanOf(tensor) * item;
  // A copy when it is part of something larger: typed arrays need their own aligned buffer.
  const bytes = await entry.read(begin, end);
  if (bytes.length === entry.size && !isIntact(entry, bytes)) {
    throw new UserError(`${where}: its bytes are damaged (wrong checksum). Copy or download the file again.`);
  }
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  if (swapped) swap(own, item);
  return own;
}

/** Writers that save the time leave the checksum out. */
function isIntact(entry: ZipEntry, bytes: Uint8Array): boolean {
  return entry.crc32 === 0 || crc32(bytes) === entry.crc32;
}

function swap(bytes: Uint8Array, item: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (item === 2) buffer.swap16();
  else if (item === 4) buffer.swap32();
  else if (item === 8) buffer.swap64();
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
