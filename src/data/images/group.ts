/** Which images a folder or an archive holds: classes by subfolder, and parts that are held out by their folder's name. */

export interface ImageGroup {
  /** Positions in the list of paths. */
  files: number[];
  /** Class of each file, an index into `labelNames`. */
  labels?: Int32Array;
}

const extension = /\.(png|jpe?g|webp)$/i;
const validationNames = ['val', 'valid', 'validation', 'test'];

/** Those of the files whose place in the group fits. */
export function partOfGroup({ files, labels }: ImageGroup, fits: (place: number) => boolean): ImageGroup {
  const places = files.map((_, place) => place).filter(fits);
  return {
    files: places.map((place) => files[place]!),
    ...(labels ? { labels: Int32Array.from(places, (place) => labels[place]!) } : {}),
  };
}

/** By name; leftovers of file managers do not count. */
export function isImageName(path: string): boolean {
  return extension.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

/**
 * Folders `train` next to `val`, `valid`, `validation` or `test` split the images. Below, the first folder is the class;
 * if there are images next to such folders, there are no classes. Names are compared by character code, so that no locale
 * decides the order.
 * @param paths relative, with "/", of images only
 */
export function groupImages(paths: readonly string[]) {
  const all = paths
    .map((path, file) => ({ file, parts: path.split('/') }))
    .sort((a, b) => compare(paths[a.file]!, paths[b.file]!));
  const skip = sharedDepth(all.map(({ parts }) => parts));
  const entries = all.map(({ file, parts }) => ({ file, parts: parts.slice(skip) }));
  const tops = new Map<string, string>();
  for (const { parts } of entries) if (parts.length > 1) tops.set(parts[0]!.toLowerCase(), parts[0]!);
  const train = tops.get('train') ?? tops.get('training');
  /** Which folder is held out. */
  const heldOut = validationNames.map((name) => tops.get(name)).find((name) => name !== undefined);
  if (train === undefined || heldOut === undefined) {
    const { group, names } = classes(entries, []);
    return { train: group, labelNames: names.length > 0 ? names : undefined };
  }
  const below = (top: string) =>
    entries.flatMap(({ file, parts }) => (parts[0] === top ? [{ file, parts: parts.slice(1) }] : []));
  const first = classes(below(train), []);
  const second = classes(below(heldOut), first.names);
  const { names } = second;
  return { train: first.group, validation: second.group, heldOut, labelNames: first.group.labels && names };
}

function classes(entries: readonly { file: number; parts: string[] }[], known: readonly string[]) {
  const files = entries.map(({ file }) => file);
  if (entries.some(({ parts }) => parts.length < 2)) return { group: { files }, names: [...known] };
  const before = new Set(known);
  const newNames = [...new Set(entries.map(({ parts }) => parts[0]!))].filter((name) => !before.has(name));
  const names = [...known, ...newNames.sort(compare)];
  const index = new Map(names.map((name, i) => [name, i]));
  return { group: { files, labels: Int32Array.from(entries, ({ parts }) => index.get(parts[0]!)!) }, names };
}

/** Folders that all paths lie in, for example one with the archive's name; one class alone says nothing either. */
function sharedDepth(all: readonly string[][]): number {
  const first = all[0];
  if (!first) return 0;
  let depth = 0;
  while (
    depth < first.length - 1 &&
    all.every((parts) => parts.length > depth + 1 && parts[depth] === first[depth])
  ) {
    depth++;
  }
  return depth;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
