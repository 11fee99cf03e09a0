/** Folders and zip files of pictures as data. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DataConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { squares } from '../../protocol/engine';
import { isFolder, readError } from '../../files/read';
import { readRange } from '../../files/read-range';
import { spread, type Examples } from '../dataset';
import type { Opened } from '../opened';
import type { Resources } from '../resources';
import { openZip, smallEntry } from '../zip';
import { decodePicture, isColor, sizeOfPicture } from './decode';
import { groupImages, isImageName, type ImageGroup } from './group';
import { imageOptions } from './options';
import { keepsGeometry, type ImageOptions, type Picture } from './picture';
import { oneSize, openPictures } from './pictures';
import { listImages } from './walk';

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
 * Pictures are listed now and decoded when they are asked for.
 * @throws UserError when there are none, or the first cannot be read
 */
export async function openImages(source: string, config: DataConfig, resources: Resources): Promise<Opened> {
  const folder = await isFolder(source);
  const files = folder ? await inFolder(source, resources) : await inZip(source, resources);
  if (files.paths.length === 0) {
    throw new UserError(`${source}: contains no images; expected .png, .jpg, .jpeg or .webp files.`);
  }
  const { train, validation, labelNames, heldOut } = groupImages(files.paths);
  const own = imageOptions(config);
  const fitted = keepsGeometry(own) && (await haveDifferentSizes(files)) ? squares(usualSize) : undefined;
  const options = { ...own, ...fitted };
  const channels = await channelsOf(files, train, options);
  const first = await openGroup(files, train, channels, options, resources);
  const second = validation && (await openGroup(files, validation, channels, options, resources));
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
    ...(second ? { test: second.examples } : {}),
    ...(labelNames ? { labelNames } : {}),
    ...(fitted ? { fitted } : {}),
    source,
    note:
      `${files.paths.length} images in a ${folder ? 'folder' : 'zip file'}${classes}` +
      (fitted ? `; of different sizes, so the middle of each is scaled to ${usualSize}×${usualSize}` : '') +
      (heldOut === undefined ? '' : `; those in "${heldOut}" are held out`),
  };
}

async function openGroup(
  files: ImageFiles,
  { files: chosen, labels }: ImageGroup,
  channels: 1 | 3,
  options: ImageOptions,
  resources: Resources,
): Promise<{ examples: Examples; shape: number[] }> {
  return openPictures(
    {
      count: chosen.length,
      ...(labels ? { labels } : {}),
      where: (index) => files.where(chosen[index]!),
      picture: async (index, hold): Promise<Picture> => {
        const file = chosen[index]!;
        return decodePicture(await files.bytes(file), files.where(file), channels, hold);
      },
    },
    options,
    resources,
  );
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
    if (await isColor(await files.bytes(file), files.where(file))) return 3;
  }
  return 1;
}

/** By the headers of some evenly spaced images. */
async function haveDifferentSizes({ paths, bytes, where }: ImageFiles): Promise<boolean> {
  let first: string | undefined;
  for (const file of spread(measured, paths.length)) {
    const size = (await sizeOfPicture(await bytes(file), where(file))).join();
    first ??= size;
    if (size !== first) return true;
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
        if (size > largestFile) throw new UserError(`${name}: has ${size} bytes; expected an image.`);
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
    bytes: (file) => smallEntry(entries.get(paths[file]!)!, largestFile, where(file)),
  };
}
