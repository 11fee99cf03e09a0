/** Opens files as bytes that are read by position. */
import { open, stat } from 'node:fs/promises';
import { UserError } from '../base/user-error';
import { firstBytes, readError, streamUnpacked } from '../files/read';
import { readRange } from '../files/read-range';
import { memoryBytes, type ByteSource } from './byte-source';
import type { Resources } from './dataset';
import { createSpool } from './spool';

/**
 * A file's content, unpacked when it is gzip: in memory where it fits, otherwise read from the file, or from a temporary
 * one that holds what was unpacked.
 * @throws UserError naming the file
 */
export async function openBytes(file: string, resources: Resources): Promise<ByteSource> {
  try {
    const [a, b] = await firstBytes(file, 2);
    if (a === 0x1f && b === 0x8b) {
      const spool = createSpool(resources);
      for await (const chunk of await streamUnpacked(file)) await spool.write(chunk as Uint8Array);
      return await spool.finish();
    }
    const { size } = await stat(file);
    return await openPlain(file, size, resources);
  } catch (error) {
    throw readError(file, error);
  }
}

async function openPlain(file: string, size: number, resources: Resources): Promise<ByteSource> {
  const handle = await open(file, 'r');
  let keep = false;
  try {
    if (size <= largestBuffer && resources.reserve(size))
      return memoryBytes(await readRange(handle, 0, size, file));
    keep = true;
    resources.onClose(() => handle.close());
    return {
      length: size,
      async read(offset, length) {
        try {
          return await readRange(handle, offset, length, file);
        } catch (error) {
          throw readError(file, error);
        }
      },
    };
  } finally {
    if (!keep) await handle.close();
  }
}

/** Larger ones are read from the file whatever the memory that may be used. */
const largestBuffer = 2 ** 32 - 2 ** 20;

/** @throws UserError when the file has more than `limit` bytes; for small files that say something of others */
export async function readSmall(file: string, limit: number): Promise<Uint8Array> {
  const bytes = await firstUnpacked(file, limit + 1);
  if (bytes.length > limit)
    throw new UserError(`${file}: is larger than the ${limit} bytes that were expected.`);
  return bytes;
}

/** The first bytes of a file once it is unpacked, at most `count`. */
export async function firstUnpacked(file: string, count: number): Promise<Buffer> {
  try {
    const parts: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of await streamUnpacked(file)) {
      parts.push(chunk as Uint8Array);
      total += (chunk as Uint8Array).length;
      if (total >= count) break;
    }
    return Buffer.concat(parts).subarray(0, count);
  } catch (error) {
    throw readError(file, error);
  }
}
