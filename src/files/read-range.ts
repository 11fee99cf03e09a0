import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../base/user-error';

/** Larger buffers are not to be had in Node.js 20. */
const largest = 2 ** 32 - 1;

/** @throws UserError when the file ends before; `length` has to be checked against its size, since it is allocated */
export async function readRange(
  handle: FileHandle,
  position: number,
  length: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (length > largest) {
    throw new UserError(
      `${file}: holds a tensor or an entry of ${length} bytes; at most 4 GiB are read at once.`,
    );
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (bytesRead === 0) {
      throw new UserError(`${file}: ended unexpectedly. It may be cut off. Try again.`);
    }
    done += bytesRead;
  }
  return bytes;
}
