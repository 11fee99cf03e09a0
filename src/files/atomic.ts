import { open, rename, rm, type FileHandle, mkdir, stat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/user-error';
import { systemReason } from './system-error';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { processSpace } from '../base/process-space';

export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Files next to which this process has looked for what a killed one left. */
const swept = new Set<string>();

/**
 * Writes a file as a whole or not at all: to a temporary file next to it, flushed to disk, then renamed over it. A
 * reader sees the old content or the new one. The folder has to exist.
 * @throws UserError when the place cannot be written or the disk is full; the old content is still there
 */
export async function writeAtomically(file: string, content: Content): Promise<void> {
  const folder = path.dirname(file);
  const prefix = `.${path.basename(file)}.`;
  if (!swept.has(file)) {
    swept.add(file);
    await sweepTemporary(folder, prefix);
  }
  const temporary = path.join(folder, `${prefix}${temporaryTag()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await writeAll(handle, content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await patiently(() => rename(temporary, file));
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(file, error);
  }
}

/** Turns an error of the file system while writing into one for the user; gives back any other. */
export function writeError(file: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(`${file}: cannot be written, because its folder does not exist.`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(`${file}: cannot be written (permission denied). Choose another folder.`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(`${file}: cannot be written, because the disk is full. Free some space.`);
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      return new UserError(
        `${file}: cannot be written, since a folder with this name exists. Choose another name.`,
      );
    default: {
      const reason = systemReason(error);
      if (reason === undefined) return error;
      return new UserError(`${file}: cannot be written (${reason}). Choose another place.`, { cause: error });
    }
  }
}

async function writeAll(handle: FileHandle, content: Content): Promise<void> {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    await handle.writeFile(content);
    return;
  }
  for await (const chunk of content) {
    for (let done = 0; done < chunk.length;) {
      done += (await handle.write(chunk, done)).bytesWritten;
    }
  }
}

/** On Windows a virus scanner or a reader can hold a file for a moment: renaming, removing and creating it are tried again. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      const passing = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code);
      if (!passing || attempt === 8) throw error;
      await sleep(20 * 2 ** attempt);
    }
  }
}

/** Makes the rename itself durable. Windows cannot open folders and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The content is complete either way.
  }
}

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a file system says of a new folder that the one above
 * is missing although it is there, as /proc does.
 * @returns the topmost one that had to be made; undefined where the folder was there
 * @throws UserError when it cannot be made
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await make(path.resolve(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UserError(`${folder}: no folder can be made there. Choose another folder.`);
    throw writeError(folder, error);
  }
}

async function make(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      // Some systems say of a disk's top folder that it may not be made, rather than that it is there.
      const stats = await stat(folder).catch(() => undefined);
      if (stats?.isDirectory()) return undefined;
      throw stats ? new UserError(`${folder}: is a file; expected a folder.`) : error;
    }
    const above = path.dirname(folder);
    if (above === folder) throw error;
    const topmost = await make(above);
    // Another process may have made it meanwhile.
    await mkdir(folder).catch((again: unknown) => {
      if ((again as NodeJS.ErrnoException).code !== 'EEXIST') throw again;
    });
    return topmost ?? folder;
  }
}

/** Id of the machine, or the container, whose process ids count. */
const place = createHash('sha256')
  .update(`${hostname()} ${processSpace() ?? ''}`)
  .digest('hex')
  .slice(0, 8);

/** 24 hexadecimal digits: place, process and chance. */
export function temporaryTag(): string {
  return `${place}${process.pid.toString(16).padStart(8, '0')}${randomBytes(4).toString('hex')}`;
}

/** What starts with the prefix, then a tag, and is of a process of this machine that has ended. Never fails. */
export async function abandoned(folder: string, prefix: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix) && isGone(name.slice(prefix.length)));
}

/** Removes what is abandoned. Never fails. */
export async function sweepTemporary(folder: string, prefix: string): Promise<void> {
  const left = await abandoned(folder, prefix);
  await Promise.all(
    left.map((name) => rm(path.join(folder, name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

function isGone(rest: string): boolean {
  const [, where, pid] = /^([0-9a-f]{8})([0-9a-f]{8})[0-9a-f]{8}(\.tmp)?$/.exec(rest) ?? [];
  if (where !== place || pid === undefined) return false;
  try {
    process.kill(Number.parseInt(pid, 16), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
