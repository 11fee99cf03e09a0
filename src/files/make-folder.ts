import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a file system says of a new folder that the one above
 * is missing although it is there, as /proc does.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      // Some systems say of a disk's top folder that it may not be made, rather than that it is there.
      if (
        await stat(folder).then(
          (at) => at.isDirectory(),
          () => false,
        )
      )
        return;
      throw error;
    }
    const above = path.dirname(folder);
    if (above === folder) throw error;
    await makeFolder(above);
    // Another process may have made it meanwhile.
    await mkdir(folder).catch((again: unknown) => {
      if ((again as NodeJS.ErrnoException).code !== 'EEXIST') throw again;
    });
  }
}
