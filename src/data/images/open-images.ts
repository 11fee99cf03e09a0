/** Folders and zip files of pictures as data. */
import { open, stat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { DataConfig } from '../../config/schema';
import { defined } from '../../base/defined';
import { several, UserError } from '../../base/user-error';
import { squares } from '../../protocol/engine';
import { isFolder, readError } from '../../files/read';
import { readRange } from '../../files/read-range';
import { spread, type Resources } from '../dataset';
import type { Opened } from '../opened';
import { openZip, smallEntry } from '../zip';
import { DamagedPicture, namesOfDamaged, unlessDamaged } from '../damaged';
import { decodePicture, isColor, sizeOfPicture } from './decode';
import { groupImages, isImageName, partOfGroup, type ImageGroup } from './group';
import { imageOptions } from './options';
import { keepsGeometry, type ImageOptions, type Picture } from '../picture';
import { oneSize, openPictures, type PictureSource } from './pictures';

/** A training of more does not wait until all are decoded: a damaged one is an error when it is read. */
const mostBefore = 20_000;
/** A picture file that is larger is none. */
const largestFile = 2 ** 28;
/** How many images are read to decide between gray and color, and whether all have one size. */
const looked = 16;
const measured = 32;
/** Height and width of images that come in different sizes. */
const usualSize = 32;

interface ImageFiles {
  /** Relative, with "/". */
  paths: string[];
  where(file: number): string;
  bytes(file: number): Promise<Uint8Array>;
}

/**
 * Pictures are listed now and decoded when they are asked for. Those that the config calls damaged are left out.
 * @param mostChecked so many are decoded now, to leave out the damaged ones, if the config does not name them; of more pictures
 *   only so many are opened, evenly spread
 * @throws UserError when there are none, or none can be read
 */
export async function openImages(
  source: string,
  config: DataConfig,
  resources: Resources,
  mostChecked?: number,
): Promise<Opened> {
  const folder = await isFolder(source);
  const files = folder ? await inFolder(source, resources) : await inZip(source, resources);
  if (files.paths.length === 0)
    throw new UserError(`${source}: contains no images; expected .png, .jpg, .jpeg or .webp files.`);
  const { train, validation, labelNames, heldOut } = groupImages(files.paths);
  const settings = imageOptions(config);
  const asTheyAre = keepsGeometry(settings);
  const side = asTheyAre ? usualSize : sideOfSquares(settings);
  const different = side !== undefined && (await haveDifferentSizes(files));
  const fitted = asTheyAre && different ? squares(usualSize) : undefined;
  const options = { ...settings, ...fitted };
  const channels = await channelsOf(files, train, options);
  const known = new Set(config.damaged);
  const unchecked =
    mostChecked === undefined || (mostChecked === Infinity && files.paths.length > mostBefore);
  const damaged = config.damaged ?? (unchecked ? undefined : []);
  const openGroup = async (whole: ImageGroup) => {
    const there = partOfGroup(whole, (place) => !known.has(files.paths[whole.files[place]!]!));
    const some = new Set(spread(mostChecked ?? Infinity, there.files.length));
    const isPart = some.size < there.files.length;
    const group = partOfGroup(there, (place) => some.has(place));
    const names = (places: readonly number[]) => places.map((place) => files.paths[group.files[place]!]!);
    const checks = !unchecked && (isPart || config.damaged === undefined);
    const damagedNames: string[] = [];
    const onDamaged = (places: readonly number[]): void => {
      damagedNames.push(...names(places));
      if (damagedNames.length === group.files.length) throw allDamaged(source, damagedNames);
    };
    if (group.files.length === 0) throw allDamaged(source, [...known]);
    const opened = await openPictures(
      pictureSource(files, group, channels),
      options,
      resources,
      checks ? onDamaged : undefined,
    );
    return {
      ...opened,
      damagedNames,
      ...(isPart ? { total: there.files.length - damagedNames.length } : {}),
    };
  };
  const first = await openGroup(train);
  const second = validation && (await openGroup(validation));
  if (second && second.shape.join() !== first.shape.join()) {
    throw new UserError(
      `${files.where(validation.files[0]!)}: is ${second.shape.join('×')}; expected ${first.shape.join('×')} as ` +
        `${files.where(train.files[0]!)}. ${oneSize}`,
    );
  }
  const classes = labelNames ? `, ${labelNames.length} classes by folder` : '';
  return {
    kind: 'image',
    name: path.basename(source),
    shape: first.shape,
    levels: 2 ** options.bits,
    all: first.examples,
    ...defined({ total: first.total, test: second?.examples, testTotal: second?.total, labelNames, fitted }),
    ...(damaged ? { damaged: [...damaged, ...first.damagedNames, ...(second?.damagedNames ?? [])] } : {}),
    source,
    note:
      `${files.paths.length} images in a ${folder ? 'folder' : 'zip file'}${classes}` +
      (different ? `; of different sizes, so the middle of each is scaled to ${side}×${side}` : '') +
      (heldOut === undefined ? '' : `; those in "${heldOut}" are held out`),
  };
}

/** Side of the squares that the middles of images are scaled to; undefined where images are not cropped so. */
function sideOfSquares({ resize, crop, cropSize, size }: ImageOptions): number | undefined {
  return crop === 'center' && resize === undefined && cropSize === undefined ? size : undefined;
}

function allDamaged(source: string, paths: readonly string[]): UserError {
  return new UserError(
    `${source}: none of ${several(paths.length, 'image')} can be read: ${namesOfDamaged(paths)}. Replace them.`,
  );
}

function pictureSource(
  files: ImageFiles,
  { files: chosen, labels }: ImageGroup,
  channels: 1 | 3,
): PictureSource {
  return {
    count: chosen.length,
    ...(labels ? { labels } : {}),
    where: (index) => files.where(chosen[index]!),
    picture: async (index, hold): Promise<Picture> => {
      const file = chosen[index]!;
      return decodePicture(await files.bytes(file), files.where(file), channels, hold);
    },
  };
}

/** Color if any of some evenly spaced images has color. */
async function channelsOf(
  files: ImageFiles,
  { files: chosen }: ImageGroup,
  { color }: ImageOptions,
): Promise<1 | 3> {
  if (color !== 'auto') return color === 'gray' ? 1 : 3;
  for (const place of spread(looked, chosen.length)) {
    const file = chosen[place]!;
    if (await unlessDamaged(async () => isColor(await files.bytes(file), files.where(file)))) return 3;
  }
  return 1;
}

/** By the headers of some evenly spaced images. */
async function haveDifferentSizes({ paths, bytes, where }: ImageFiles): Promise<boolean> {
  const seen = new Set<string>();
  for (const file of spread(measured, paths.length)) {
    const size = await unlessDamaged(async () => sizeOfPicture(await bytes(file), where(file)));
    if (size) seen.add(size.join());
    if (seen.size > 1) return true;
  }
  return false;
}

async function inFolder(folder: string, resources: Resources): Promise<ImageFiles> {
  const paths = await listImages(folder, Infinity, resources.signal);
  const where = (file: number): string => path.join(folder, ...paths[file]!.split('/'));
  return {
    paths,
    where,
    async bytes(file) {
      const name = where(file);
      try {
        const { size } = await stat(name);
        if (size > largestFile) throw new DamagedPicture(`${name}: has ${size} bytes; expected an image.`);
        const handle = await open(name, 'r');
        try {
          return await readRange(handle, 0, size, name);
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw readError(name, error);
      }
    },
  };
}

async function inZip(zip: string, resources: Resources): Promise<ImageFiles> {
  const entries = await openZip(zip, resources);
  // Names are shown and compared, and never used as paths; those that climb out of their folder are not data.
  const paths = [...entries.keys()].filter(
    (name) => isImageName(name) && !name.startsWith('/') && !name.split('/').includes('..'),
  );
  const where = (file: number): string => `${zip}: ${paths[file]}`;
  return {
    paths,
    where,
    async bytes(file) {
      try {
        return await smallEntry(entries.get(paths[file]!)!, largestFile, where(file));
      } catch (error) {
        throw error instanceof UserError ? new DamagedPicture(error.message) : error;
      }
    },
  };
}

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
  const paths: string[] = [];
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
      if (paths.length >= most) return;
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      // A link may lead nowhere.
      const kind = entry.isSymbolicLink()
        ? await stat(path.join(folder, below)).catch(() => undefined)
        : entry;
      if (kind?.isDirectory()) await walk(below, depth + 1);
      else if (kind?.isFile() && isImageName(entry.name)) paths.push(below);
    }
  };
  try {
    await walk('', 0);
  } catch (error) {
    throw readError(folder, error);
  }
  return paths;
}
