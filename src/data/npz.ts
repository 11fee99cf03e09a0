/** NumPy's archives of arrays: a ZIP of NPY files. */
import { unzipSync, zipSync, type Unzipped } from 'fflate';
import { shortened, UserError } from '../base/user-error';
import { writeAtomically } from '../files/atomic';
import { readUnpacked } from '../files/read';
import { largestRatio } from '../files/zip-directory';
import { encodeNpy, parseNpy, type NpyArray, type NpyData } from './npy';

/** Guards against an archive that unpacks to more than fits memory. */
const largest = 2 ** 32 - 2 ** 20;

/**
 * Names of the arrays; `array` reads one.
 * @throws UserError naming the file and what was expected, also when there is no such array or it is not of numbers
 */
export async function readNpz(file: string) {
  const bytes = await readUnpacked(file);
  if (bytes.length === 0) throw new UserError(`${file}: is empty; expected a NumPy archive (.npz).`);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw new UserError(`${file}: is not a NumPy archive (.npz); save one with numpy.savez.`);
  }
  const entries = unzip(bytes, file, () => false).names;
  const names = entries.filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -4));
  if (names.length === 0) {
    throw new UserError(
      `${file}: holds no arrays${entries.length > 0 ? ` (${entries[0]})` : ''}; expected .npy entries.`,
    );
  }
  return {
    names,
    array(name: string): NpyArray {
      if (!names.includes(name)) {
        throw new UserError(`${file}: holds no array "${name}"; it has ${names.join(', ')}.`);
      }
      const content = unzip(bytes, file, (entry) => entry === `${name}.npy`).files[`${name}.npy`];
      if (!content) throw new UserError(`${file}: array "${name}" cannot be unpacked.`);
      return parseNpy(content, `${file}: array "${name}"`);
    },
  };
}

/** Stored, not packed: trained values hardly pack, and readers can map them. */
export async function writeNpz(
  file: string,
  arrays: Readonly<Record<string, { shape: readonly number[]; data: NpyData }>>,
): Promise<void> {
  const entries = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)] as const);
  const total = entries.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  if (total > largest) {
    throw new UserError(
      `${file}: the arrays take ${total} bytes, but an .npz holds at most 4 GiB. Use fewer examples.`,
    );
  }
  // A fixed date makes equal arrays equal files.
  await writeAtomically(
    file,
    zipSync(Object.fromEntries(entries), { level: 0, mtime: new Date(1980, 0, 1) }),
  );
}

function unzip(
  bytes: Uint8Array,
  file: string,
  wanted: (name: string) => boolean,
): { names: string[]; files: Unzipped } {
  const names: string[] = [];
  let total = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        names.push(name);
        if (!wanted(name)) return false;
        // Room is made for what the archive says, before anything is unpacked.
        if (size > bytes.length || originalSize > (compression === 0 ? size : size * largestRatio)) {
          throw new Error(`the sizes of "${shortened(name)}" cannot be`);
        }
        total += originalSize;
        if (total > largest) throw new UserError(`${file}: unpacks to more than 4 GiB; use a smaller file.`);
        return true;
      },
    });
    return { names, files };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: the archive is damaged or cut off (${(error as Error).message}).`);
  }
}
