import path from 'node:path';
import { UserError } from '../../base/user-error';
import { readNpy, type NpyArray } from '../../data/npy';
import { chooseArray, openArchive, valuesOf } from '../../data/npz';
import { createResources } from '../../data/dataset';
import { firstBytes } from '../../files/read';

export interface NamedArray {
  array: NpyArray;
  /** For messages: the file, and the array where it holds several. */
  where: string;
}

/** Told by content, since names lie: a ZIP archive or a single array. */
export async function isArrayFile(file: string): Promise<boolean> {
  const [a, b] = await firstBytes(file, 2);
  return (a === 0x93 && b === 0x4e) || (a === 0x50 && b === 0x4b);
}

/**
 * Reads one array from an NPY or NPZ file.
 * @param name of an array in an NPZ; without it the one called `usual`, or the only one
 * @throws UserError
 */
export async function readArray(file: string, name: string | undefined, usual: string): Promise<NamedArray> {
  const resolved = path.resolve(file);
  const [a] = await firstBytes(resolved, 2);
  if (a !== 0x50) {
    if (name !== undefined) {
      throw new UserError(
        `${file}: is not an .npz archive, so --array ${name} does not apply; leave it out.`,
      );
    }
    return { array: await readNpy(resolved), where: file };
  }
  const resources = createResources(Infinity);
  try {
    const { names, get } = await openArchive(resolved, resources);
    const none = ` and none is called "${usual}"; name one with --array`;
    const chosen = chooseArray(names, name, [usual], file, none);
    return { array: await valuesOf(await get(chosen)), where: `${file}: array "${chosen}"` };
  } finally {
    await resources.close();
  }
}
