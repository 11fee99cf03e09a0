/** Reads a state dict that was saved with numpy.savez: a zip file with an NPY file for each tensor. */
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../../base/user-error';
import { npyHeaderBytes, parseNpy, parseNpyHeader, toFloat32 } from '../../data/npy';
import { readZipDirectory, type ZipEntry } from '../../files/zip-directory';
import { numpyTypes } from '../tensors/dtypes';
import { tensorReader } from '../import/tensor-reader';
import type { TensorFile } from '../import/types';

const ending = '.npy';

/** Whether a zip file that starts with an entry of this name is one of NumPy. */
export function isNpzEntry(name: string): boolean {
  return name.endsWith(ending);
}

/** Arrays of text and of objects are left out. @throws UserError when the file is damaged, or has no arrays of numbers */
export async function readNpzFile(file: string, handle: FileHandle): Promise<TensorFile> {
  const { size } = await handle.stat();
  const stored = new Map<string, { entry: ZipEntry; dtype: string; shape: readonly number[] }>();
  const leftOut: string[] = [];
  for (const [path, entry] of await readZipDirectory(file, handle, size)) {
    if (!path.endsWith(ending)) continue;
    const name = path.slice(0, -ending.length);
    const start = await entry.read(0, Math.min(entry.size, npyHeaderBytes));
    if (isText(start)) {
      leftOut.push(`"${name}"`);
      continue;
    }
    const { type, shape } = parseNpyHeader(start, entry.size, `${file}: tensor "${name}"`);
    stored.set(name, { entry, dtype: numpyTypes[type] ?? type, shape });
  }
  if (stored.size === 0) {
    throw new UserError(
      `${file}: holds no arrays of numbers. Save the state dict as arrays: numpy.savez("flow.npz", **arrays).`,
    );
  }
  return {
    file,
    container: 'npz',
    bytes: size,
    ...tensorReader(
      file,
      stored,
      async ({ entry }, where) => toFloat32(parseNpy(await entry.read(), where)).data,
    ),
    extras: {},
    ...(leftOut.length > 0 ? { leftOut } : {}),
    close: () => handle.close(),
  };
}

/** Whether values are text, dates or pickled objects: `'descr': '|O'`, which are not even looked at. */
function isText(start: Uint8Array): boolean {
  return /'descr': '[<>|=][OSUVMm]/.test(new TextDecoder('latin1').decode(start.subarray(0, 512)));
}
