/** Tells the format of data by what they are, and by their name where that does not say. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DataConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { isFolder, readError } from '../../files/read';
import { firstUnpacked } from '../bytes';
import { findCifar, isCifarName } from '../cifar';
import { isImageName } from '../images/group';
import { listImages } from '../images/open-images';
import { createResources } from '../dataset';
import { openZip } from '../zip';

export type FileFormat = Exclude<DataConfig['format'], 'auto' | 'builtin'>;

const expected =
  'expected a table (.csv, .tsv, .parquet, .nc), NumPy arrays (.npy, .npz), IDX or CIFAR files, or a folder or zip file of images';

/** @throws UserError when the format cannot be detected */
export async function detectFormat(file: string): Promise<FileFormat> {
  if (await isFolder(file)) return detectFolder(file);
  const name = path.basename(file).toLowerCase();
  const bare = name.replace(/\.gz$/, '');
  const head = await firstUnpacked(file, 512);
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('\x93NUMPY')) return 'npy';
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return detectZip(file);
  if (text.startsWith('PAR1')) return 'parquet';
  if (/\.nc$/.test(bare) || text.startsWith('\x89HDF')) return 'netcdf';
  if (/\.(tar|tgz)$/.test(bare) || text.slice(257, 262) === 'ustar') return 'cifar';
  if (isCifarName(bare)) return 'cifar';
  const [a, b, type, rank] = head;
  if (/idx\d|\.idx\d?$/.test(bare) || (a === 0 && b === 0 && type === 8 && rank! > 0 && rank! <= 4))
    return 'idx';
  if (/\.(tsv|tab)$/.test(bare)) return 'tsv';
  if (/\.(csv|txt|dat|data)$/.test(bare)) return 'csv';
  const byName = /\.(npy|npz|parquet)$/.exec(bare)?.[1];
  if (byName) return byName as FileFormat;
  if (isImageName(file))
    throw new UserError(`${file}: is a single image; expected a folder or a zip file of images.`);
  throw new UserError(`${file}: cannot tell the format; ${expected}. Set data.format if it is one of these.`);
}

async function detectFolder(folder: string): Promise<FileFormat> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(folder, error);
  });
  if (names.includes('config.json') && names.includes('run.json')) {
    throw new UserError(
      `${folder}: is a run, not data. Give the data, or the config.json in it, which names them.`,
    );
  }
  if (names.some((name) => /images.*(idx[34]|ubyte)/i.test(name))) return 'idx';
  if ((await findCifar(folder)) !== undefined) return 'cifar';
  if ((await listImages(folder, 1)).length > 0) return 'images';
  const data = names.filter((name) => /\.(csv|tsv|parquet|nc|npy|npz|zip|tgz|gz)$/i.test(name));
  if (data.length > 0) {
    throw new UserError(
      `${folder}: is a folder without images. Choose one of its files: ${data.slice(0, 8).join(', ')}` +
        `${data.length > 8 ? ', …' : ''}.`,
    );
  }
  throw new UserError(
    `${folder}: no data found; expected images (.png, .jpg, .webp), IDX files such as train-images-idx3-ubyte, or ` +
      'CIFAR files such as data_batch_1.bin.',
  );
}

async function detectZip(file: string): Promise<FileFormat> {
  const resources = createResources(0);
  try {
    const names = [...(await openZip(file, resources)).keys()];
    if (names.some((name) => name.endsWith('.npy'))) return 'npz';
    if (names.some(isImageName)) return 'images';
    throw new UserError(
      `${file}: is a zip file with neither NumPy arrays nor images in it` +
        `${names.length > 0 ? ` (${names.slice(0, 3).join(', ')})` : ''}; ${expected}.`,
    );
  } finally {
    await resources.close();
  }
}
