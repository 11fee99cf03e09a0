/** NumPy's archives of arrays: a ZIP of NPY files. */
import { zipSync } from 'fflate';
import { UserError } from '../base/user-error';
import { writeAtomically } from '../files/atomic';
import type { ByteSource } from './byte-source';
import { encodeNpy, npyHeaderBytes, parseNpy, parseNpyHeader, type NpyArray, type NpyData } from './npy';
import type { Resources } from './dataset';
import { entryBytes, openZip } from './zip';

/** The most bytes that we write into one archive. */
const largest = 2 ** 32 - 2 ** 20;

export type StoredArray = Awaited<ReturnType<typeof storedArray>>;

export async function storedArray(bytes: ByteSource, where: string) {
  const head = await bytes.read(0, Math.min(bytes.length, npyHeaderBytes));
  return { header: parseNpyHeader(head, bytes.length, where), bytes, where };
}

export async function valuesOf({ bytes, where }: StoredArray): Promise<NpyArray> {
  return parseNpy(await bytes.read(0, bytes.length), where);
}

/** The arrays of an .npz by their names. @throws UserError when the file is not a zip file or is damaged */
export async function openArchive(file: string, resources: Resources) {
  const entries = await openZip(file, resources);
  return {
    names: [...entries.keys()].filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -4)),
    get: async (name: string) =>
      storedArray(await entryBytes(entries.get(`${name}.npy`)!, resources), `${file}: array "${name}"`),
  };
}

/**
 * The array that is asked for, the first of the usual ones, or the only one.
 * @param hint what to do where none is obvious, behind what there is
 * @throws UserError listing what there is
 */
export function chooseArray(
  names: readonly string[],
  array: string | undefined,
  usual: readonly string[],
  file: string,
  hint: string,
): string {
  const listed = `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;
  if (names.length === 0) throw new UserError(`${file}: holds no arrays; expected .npy entries.`);
  if (array !== undefined && !names.includes(array))
    throw new UserError(`${file}: holds no array "${array}"; it has ${listed}.`);
  const chosen =
    array ?? usual.find((name) => names.includes(name)) ?? (names.length === 1 ? names[0] : undefined);
  if (chosen !== undefined) return chosen;
  throw new UserError(`${file}: holds ${names.length} arrays (${listed})${hint}.`);
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
