import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { writeError } from './atomic';

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
      const found = await stat(folder).catch(() => undefined);
      if (found?.isDirectory()) return undefined;
      throw found ? new UserError(`${folder}: is a file; expected a folder.`) : error;
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
