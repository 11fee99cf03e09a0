import { constants, createReadStream } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { UserError } from '../base/user-error';
import { systemReason } from './system-error';

/** Larger files would not fit one buffer of Node.js 20. */
const largest = 2 ** 32 - 2 ** 20;

/** Turns an error of the file system or of zlib into one for the user; gives back any other. */
export function readError(file: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(`${file}: no such file. Check the path.`);
    case 'EISDIR':
      return new UserError(`${file}: is a folder; expected a file.`);
    case 'EACCES':
    case 'EPERM':
      return new UserError(`${file}: cannot be read (permission denied).`);
    case 'ERR_FS_FILE_TOO_LARGE':
      return new UserError(
        `${file}: is larger than 2 GiB, which cannot be read at once; use a smaller file.`,
      );
    case 'ERR_BUFFER_TOO_LARGE':
      return new UserError(`${file}: unpacks to more than 4 GiB; use a smaller file.`);
    default: {
      if (typeof code === 'string' && code.startsWith('Z_')) {
        return new UserError(
          `${file}: the gzip data are damaged or cut off (${error.message}). Download the file again.`,
        );
      }
      // A failing disk, a share that is gone, links in a circle, a name that is too long.
      const reason = systemReason(error);
      if (reason === undefined) return error;
      return new UserError(`${file}: cannot be read (${reason}). Check the path and the disk.`, {
        cause: error,
      });
    }
  }
}

export async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    throw readError(file, error);
  }
}

/** @throws UserError for what is neither file nor folder: a pipe would be waited for, and a device has no end */
export async function refuseSpecial(file: string): Promise<void> {
  try {
    const info = await stat(file);
    if (!info.isFile() && !info.isDirectory())
      throw new UserError(`${file}: is a pipe or a device; expected a file or a folder.`);
  } catch (error) {
    throw readError(file, error);
  }
}

/**
 * Opens a file to read from it.
 * @param expected what it should be, for messages
 * @throws UserError for a path that is not a file, such as a pipe, which would be waited for without end
 */
export async function openFile(file: string, expected = 'a file'): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe waits for a process that writes to it.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const info = await handle.stat();
    if (info.isFile()) return handle;
    const what = info.isDirectory() ? 'a folder' : 'a pipe or a device';
    throw new UserError(`${file}: is ${what}; expected ${expected}.`);
  } catch (error) {
    await handle?.close();
    throw readError(file, error);
  }
}

/** The first bytes of a file as they are, at most `count`. */
export async function firstBytes(file: string, count: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file);
    return await startOf(handle, count);
  } catch (error) {
    throw readError(file, error);
  } finally {
    await handle?.close();
  }
}

/** The same of an open file, which is left where it is. */
export async function startOf(handle: FileHandle, count = 2 ** 16): Promise<Uint8Array> {
  const buffer = new Uint8Array(count);
  const { bytesRead } = await handle.read(buffer, 0, count, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 * The text of a small file, such as JSON next to a model.
 * @throws UserError for a path that is not a file, such as a pipe, which would block, and for more than `most` bytes
 */
export async function readText(file: string, most: number): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file);
    const info = await handle.stat();
    // Files of /proc have a size of 0 and any length.
    const buffer = new Uint8Array(Math.min(info.size, most) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > most) throw new UserError(`${file}: is larger than the ${most} bytes that were expected.`);
    return Buffer.from(buffer.buffer, 0, length).toString('utf8');
  } catch (error) {
    throw readError(file, error);
  } finally {
    await handle?.close();
  }
}

/** Told by content, since names lie. */
async function isGzip(file: string): Promise<boolean> {
  const [a, b] = await firstBytes(file, 2);
  return a === 0x1f && b === 0x8b;
}

/** A file's content, unpacked when it is gzip. */
export async function readUnpacked(file: string): Promise<Uint8Array> {
  try {
    const packed = await isGzip(file);
    if ((await stat(file)).size > largest)
      throw new UserError(`${file}: is larger than 4 GiB; use a smaller file.`);
    const bytes = await readFile(file);
    const content = packed ? await promisify(gunzip)(bytes, { maxOutputLength: largest }) : bytes;
    // A plain view: a Buffer's slice would not copy.
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    throw readError(file, error);
  }
}

/** The same as a stream. Its reader sees the errors; pass them through `readError`. */
export async function streamUnpacked(file: string): Promise<Readable> {
  const packed = await isGzip(file);
  const source = createReadStream(file);
  if (!packed) return source;
  const unpacked = createGunzip();
  pipeline(source, unpacked, () => undefined);
  return unpacked;
}
