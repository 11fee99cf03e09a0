import { UserError } from '../base/user-error';

/** What bytes are read from: a file that is open, or a file in another one that is in memory. */
export interface Source {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

export function inMemory(bytes: Uint8Array): Source {
  return {
    read(buffer, offset, length, position) {
      const part = bytes.subarray(position, position + length);
      buffer.set(part, offset);
      return Promise.resolve({ bytesRead: part.length });
    },
  };
}

/** Larger buffers are not to be had in Node.js 20. */
const largest = 2 ** 32 - 1;

/** @throws UserError when the file ends before; `length` has to be checked against its size, since it is allocated */
export async function readRange(
  handle: Source,
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
    if (bytesRead === 0) throw new UserError(`${file}: ended unexpectedly. It may be cut off. Try again.`);
    done += bytesRead;
  }
  return bytes;
}
