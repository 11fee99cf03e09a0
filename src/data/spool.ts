/** Bytes that come one after the other and are read by position afterwards: kept in memory, or in a temporary file. */
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { readRange } from '../files/read-range';
import { memoryBytes, type ByteSource } from './byte-source';
import type { Resources } from './dataset';

/** Small writes to the file are gathered up to this size. */
const gathered = 2 ** 22;

/**
 * Keeps in memory what `resources` allow and moves to a file when there is more. The file is removed when the resources
 * are closed; where the system allows it, it has no name from the start, so that not even a killed process leaves it.
 *
 * @param share of the free space that may be used
 */
export function createSpool(resources: Resources, share = usedShare) {
  let parts: Uint8Array[] = [];
  let pending = 0;
  let written = 0;
  let reserved = 0;
  let target: Awaited<ReturnType<typeof temporaryFile>> | undefined;

  const flush = async (): Promise<void> => {
    target ??= await temporaryFile(resources, share);
    const { handle, name, room } = target;
    if (written + pending > room) throw tooMuch(name, room);
    const chunks = parts;
    parts = [];
    pending = 0;
    try {
      for (const chunk of chunks) {
        for (let done = 0; done < chunk.length;) {
          const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, written);
          done += bytesWritten;
          written += bytesWritten;
        }
      }
    } catch (error) {
      throw spoolError(name, error);
    }
  };

  return {
    /** The chunk may be kept; the caller must not change it afterwards. */
    async write(chunk: Uint8Array): Promise<void> {
      resources.signal?.throwIfAborted();
      if (chunk.length === 0) return;
      parts.push(chunk);
      pending += chunk.length;
      if (target) {
        if (pending >= gathered) await flush();
      } else if (resources.reserve(chunk.length)) {
        reserved += chunk.length;
      } else {
        await flush();
        resources.release(reserved);
      }
    },
    async finish(): Promise<ByteSource> {
      if (!target) {
        const all = new Uint8Array(pending);
        let at = 0;
        for (const part of parts) {
          all.set(part, at);
          at += part.length;
        }
        parts = [];
        return memoryBytes(all);
      }
      await flush();
      const { handle, name } = target;
      return { length: written, read: (offset, length) => readRange(handle, offset, length, name) };
    },
  };
}

/** Share of the free space: on many systems it is memory, and a few bytes of gzip may fill all of it. */
const usedShare = 0.8;

/** An empty file, and how many bytes there is room for. */
async function temporaryFile(resources: Resources, share: number) {
  const base = tmpdir();
  try {
    const folder = await mkdtemp(path.join(base, 'flowscope-data-'));
    const name = path.join(folder, 'rows');
    const handle = await open(name, 'wx+', 0o600);
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    resources.onClose(async () => {
      await handle.close();
      await remove();
    });
    if (process.platform !== 'win32') await remove();
    const { bavail, bsize } = await statfs(base);
    return { handle, name, room: share * bavail * bsize };
  } catch (error) {
    throw spoolError(base, error);
  }
}

function tooMuch(name: string, room: number): UserError {
  return new UserError(
    `${name}: the data unpack to more than ${Math.round(room / 2 ** 20)} MiB, which is most of what is free there. ` +
      'Free some space, or set TMPDIR to a folder with more.',
  );
}

function spoolError(name: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EACCES' && code !== 'EROFS' && code !== 'EFBIG')
    return error;
  return new UserError(
    `${name}: data that do not fit data.memory are unpacked to a temporary file, but it cannot be written (${code}). ` +
      'Free some space, set TMPDIR to a folder with more, or raise data.memory.',
  );
}
