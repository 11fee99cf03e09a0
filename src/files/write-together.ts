/** Writes files that belong together: files of two sets are never mixed, even where a process is killed. */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../base/exists';
import { UserError } from '../base/user-error';
import { patiently, syncFolder, writeError, makeFolder, abandoned, temporaryTag } from './atomic';

/** New files are written here. */
const staging = '.flowscope-export-';
/** Older ones of their names are moved here, inside of it. */
const older = 'older';
/** A folder inside of it, made when all older ones are moved. */
const moved = 'moved';

/**
 * Has new files written into a hidden folder in the place, then takes older files of their names away, and gives the new ones their
 * names. A process that is killed between two of these steps leaves some of the older files or some of the new ones, never both; the
 * next call for the folder puts the older ones back, or completes the new set.
 *
 * @param folder made where it does not exist
 * @param write writes into the folder that it is given, and resolves to the names of the files, the most important one last
 * @throws UserError when the place cannot be written, and what `write` throws; the older files are then as they were, or in the hidden
 *   folder until the next call where they could not be moved back
 */
export async function writeTogether(
  folder: string,
  write: (place: string) => Promise<readonly string[]>,
): Promise<void> {
  const made = await makeFolder(folder);
  const hidden = path.join(folder, `${staging}${temporaryTag()}`);
  try {
    await recover(folder);
    await mkdir(hidden).catch((error: unknown) => {
      throw writeError(folder, error);
    });
    await place(folder, hidden, await write(hidden));
  } catch (error) {
    if (made) await remove(made);
    // Older files that could not be moved back are all there is of them: the next call tries again.
    else if (await moveMissing(path.join(hidden, older), folder)) await remove(hidden);
    throw error;
  }
  await remove(hidden);
}

/** Never fails. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

async function place(folder: string, hidden: string, names: readonly string[]): Promise<void> {
  for (const name of names) await refuseFolder(path.join(folder, name));
  const placed: string[] = [];
  try {
    await mkdir(path.join(hidden, older));
    for (const name of names.toReversed()) {
      const file = path.join(folder, name);
      if (await exists(file)) await move(file, path.join(hidden, older, name));
    }
    await mkdir(path.join(hidden, moved));
    await syncFolder(folder);
    for (const name of names) {
      await move(path.join(hidden, name), path.join(folder, name));
      placed.push(name);
    }
    await syncFolder(folder);
  } catch (error) {
    // The set is not completed any more, here or later.
    await remove(path.join(hidden, moved));
    for (const name of placed) await remove(path.join(folder, name));
    throw error;
  }
}

async function move(from: string, to: string): Promise<void> {
  await patiently(() => rename(from, to)).catch((error: unknown) => {
    throw writeError(to, error);
  });
}

/** @throws UserError, since a folder would be moved away as a file is */
async function refuseFolder(file: string): Promise<void> {
  const stats = await lstat(file).catch(() => undefined);
  if (stats?.isDirectory())
    throw new UserError(
      `${file}: cannot be written, since a folder with this name exists. Choose another name.`,
    );
}

/** Ends what a killed process began, and removes what it left. Never fails. */
async function recover(folder: string): Promise<void> {
  for (const name of await abandoned(folder, staging)) {
    const hidden = path.join(folder, name);
    const isMoved = await exists(path.join(hidden, moved));
    if (await moveMissing(isMoved ? hidden : path.join(hidden, older), folder)) await remove(hidden);
  }
}

/**
 * Moves files, but not folders, to where there is nothing of their names. Never fails.
 * @returns whether none is left that has no file of its name there
 */
async function moveMissing(from: string, to: string): Promise<boolean> {
  const entries = await readdir(from, { withFileTypes: true }).catch(() => []);
  let complete = true;
  for (const entry of entries) {
    const place = path.join(to, entry.name);
    if (!entry.isFile() || (await exists(place))) continue;
    await patiently(() => rename(path.join(from, entry.name), place)).catch(() => (complete = false));
  }
  return complete;
}
