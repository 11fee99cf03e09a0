import type { NpyArray } from '../../../src/data/npy';
import { openArchive, valuesOf } from '../../../src/data/npz';
import { createResources } from '../../../src/data/dataset';

/** All arrays of an .npz by their names. */
export async function readNpz(file: string): Promise<{ names: string[]; array(name: string): NpyArray }> {
  const resources = createResources(Infinity);
  try {
    const { names, get } = await openArchive(file, resources);
    const arrays = new Map<string, NpyArray>();
    for (const name of names) arrays.set(name, await valuesOf(await get(name)));
    return { names, array: (name) => arrays.get(name)! };
  } finally {
    await resources.close();
  }
}
