/** Entries of a zip file as data. */
import { open, stat } from 'node:fs/promises';
import { UserError } from '../base/user-error';
import { readError } from '../files/read';
import { readZipDirectory, type ZipEntry } from '../files/zip-directory';
import { memoryBytes, type ByteSource } from './byte-source';
import type { Resources } from './dataset';
import { createSpool } from './spool';

/** @throws UserError when the file is not a zip file or is damaged */
export async function openZip(file: string, resources: Resources): Promise<Map<string, ZipEntry>> {
  try {
    const handle = await open(file, 'r');
    resources.onClose(() => handle.close());
    const { size } = await stat(file);
    return await readZipDirectory(file, handle, size);
  } catch (error) {
    throw readError(file, error);
  }
}

/**
 * A stored entry that does not fit memory is read from the archive, a packed one is unpacked to a temporary file.
 * @throws UserError for an entry that is damaged, or packed and larger than 1 GiB
 */
export async function entryBytes(entry: ZipEntry, resources: Resources): Promise<ByteSource> {
  if (entry.stored) {
    if (resources.reserve(entry.size)) return memoryBytes(await entry.read());
    return { length: entry.size, read: (offset, length) => entry.read(offset, offset + length) };
  }
  const spool = createSpool(resources);
  await spool.write(await entry.read());
  return spool.finish();
}

/** The whole of an entry that is expected to be small. */
export async function smallEntry(entry: ZipEntry, limit: number, where: string): Promise<Uint8Array> {
  if (entry.size > limit)
    throw new UserError(`${where}: unpacks to ${entry.size} bytes; expected at most ${limit}.`);
  return entry.read();
}
