/** Files of tensors of any library, whatever their container. */
import type { FileHandle } from 'node:fs/promises';
import { isHdf5 } from '../files/hdf5';
import { openFile, readError, startOf } from '../files/read';
import type { TensorContainer } from '../protocol/import';
import { isCheckpoint } from './checkpoint';
import { toFloat32 } from './tensors/dtypes';
import { tensorReader } from './import/tensor-reader';
import type { TensorFile } from './import/types';
import { leavesBegin, readEqx } from './eqx/read-eqx';
import { readHdf5File, readKeras, isKerasEntry } from './keras/read-keras';
import { readNpzFile, isNpzEntry } from './npz/read-npz';
import { isRecording } from './recording/read';
import { readSafetensorsFile, type SafetensorsFile } from './tensors/safetensors';
import { isIndex, openShards, shardsOf } from './shards';
import { checkTensorNames } from './tensors/tensor-names';
import { dcpOf, openDcp } from './torch/dcp';
import { readTorch } from './torch/read-torch';
import { torchContainer } from './torch/container';

/** Throws for a file that is not to be read. @param start its first bytes */
type Check = (container: TensorContainer, start: Uint8Array) => void;

/**
 * Opens a file, told apart by content; no tensor is read yet. A shard, or the index of several, stands for all of them, and
 * so does a file of a distributed checkpoint.
 * `close` it.
 * @throws UserError when it is none that is known, is damaged, or is a kind of PyTorch file that is not read; it tells what to do
 */
export async function openTensorFile(file: string, check?: Check): Promise<TensorFile> {
  const list = await dcpOf(file);
  if (list !== undefined) return openDcp(list);
  const opened = isIndex(file) ? undefined : await openContainer(file, check);
  if (opened?.safetensors && isFlowscopeFile(opened.safetensors)) return opened;
  let whole = opened;
  try {
    const shards = await shardsOf(file);
    if (shards) whole = await openShards(file, shards, openContainer);
    checkTensorNames(file, whole!.tensors.keys());
    return whole!;
  } catch (error) {
    await whole?.close();
    throw error;
  } finally {
    if (whole !== opened) await opened?.close();
  }
}

/** Whether Flowscope wrote it: a checkpoint or a recording. */
export function isFlowscopeFile({ metadata }: SafetensorsFile): boolean {
  return isCheckpoint(metadata) || isRecording(metadata);
}

async function openContainer(file: string, check?: Check): Promise<TensorFile> {
  const handle = await openFile(file);
  try {
    const start = await startOf(handle);
    const container = containerOf(start) ?? 'safetensors';
    check?.(container, start);
    return await readers[container](file, handle, start);
  } catch (error) {
    await handle.close();
    throw readError(file, error);
  }
}

/** The handle stays open while the file does; the caller closes it where a reader throws. */
type Reader = (file: string, handle: FileHandle, start: Uint8Array) => Promise<TensorFile>;

const readers: Readonly<Record<TensorContainer, Reader>> = {
  torch: readTorch,
  pickle: readTorch,
  eqx: readEqx,
  hdf5: readHdf5File,
  keras: readKeras,
  npz: readNpzFile,
  safetensors: readTensorsOf,
};

async function readTensorsOf(file: string, handle: FileHandle): Promise<TensorFile> {
  const safetensors = await readSafetensorsFile(file, handle);
  const { bytes, tensors, metadata } = safetensors;
  return {
    file,
    container: 'safetensors',
    bytes,
    extras: metadata,
    safetensors,
    ...tensorReader(file, tensors, async ({ dtype, offsets }, where) =>
      toFloat32(await safetensors.readSpan(...offsets), dtype, where),
    ),
    close: () => safetensors.close(),
  };
}

/**
 * Undefined for safetensors, which their own reader tells from others, and for files that are none of these.
 * @param start the first 64 kB
 */
export function containerOf(start: Uint8Array): Exclude<TensorContainer, 'safetensors'> | undefined {
  if (isHdf5(start)) return 'hdf5';
  if (leavesBegin(start) !== undefined) return 'eqx';
  const torch = torchContainer(start);
  if (torch === 'zip') {
    const first = firstEntry(start);
    if (isKerasEntry(first)) return 'keras';
    if (isNpzEntry(first)) return 'npz';
  }
  if (torch === 'pickle') return 'pickle';
  return torch === undefined ? undefined : 'torch';
}

/** Name of the first entry of a zip file. */
function firstEntry(start: Uint8Array): string {
  const length = (start[26] ?? 0) + 256 * (start[27] ?? 0);
  return new TextDecoder().decode(start.subarray(30, 30 + length));
}
