import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../base/user-error';
import { readError } from '../../files/read';
import { isImageName } from './group';

/** Deeper folders are not data. */
const deepest = 32;
/** Whoever means a data set does not mean so many folders, but a whole disk. */
const mostFolders = 100_000;

/**
 * Paths of all images below a folder, relative to it, with "/". Links are followed; a folder that lies inside itself by
 * way of a link is read once.
 * @param most ends the search early, for a first look
 * @throws UserError when the folder cannot be read
 */
export async function listImages(folder: string, most = Infinity, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const visited = new Set<string>();
  const walk = async (relative: string, depth: number): Promise<void> => {
    const here = path.join(folder, relative);
    const real = await realpath(here);
    if (visited.has(real)) return;
    visited.add(real);
    if (visited.size > mostFolders) {
      throw new UserError(
        `${folder}: holds more than ${mostFolders} folders. Choose one of images further down.`,
      );
    }
    signal?.throwIfAborted();
    if (depth > deepest) {
      throw new UserError(
        `${here}: is more than ${deepest} folders deep. Choose a folder of images further down.`,
      );
    }
    const entries = await readdir(here, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= most) return;
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      const kind = entry.isSymbolicLink() ? await kindOf(path.join(folder, below)) : entry;
      if (kind?.isDirectory()) await walk(below, depth + 1);
      else if (kind?.isFile() && isImageName(entry.name)) found.push(below);
    }
  };
  try {
    await walk('', 0);
  } catch (error) {
    throw readError(folder, error);
  }
  return found;
}

/** What a link leads to; undefined when it leads nowhere. */
async function kindOf(file: string): Promise<{ isDirectory(): boolean; isFile(): boolean } | undefined> {
  return stat(file).catch(() => undefined);
}
