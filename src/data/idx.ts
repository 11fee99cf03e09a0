import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../config/user-error';
import type { Split } from './dataset';
import { isFolder, readError, readUnpacked } from '../files/read';

/** Images and classes as MNIST publishes them (Y. LeCun, C. Cortes, C. Burges: "The MNIST database"). */
export interface IdxImages {
  file: string;
  /** [H, W, C] */
  shape: number[];
  train: Split;
  /** The published test file beside it, where there is one. */
  test?: Split;
}

const types: Record<number, string> = {
  0x08: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: 'short',
  0x0c: 'int',
  0x0d: 'float',
  0x0e: 'double',
};

/**
 * Decodes an IDX file of unsigned bytes: two zero bytes, the type, the number of dimensions, big-endian sizes, data.
 * @throws UserError naming what in the header or the length is wrong
 */
export function parseIdx(bytes: Uint8Array, file: string): { shape: number[]; data: Uint8Array } {
  if (bytes.length === 0) throw new UserError(`${file}: is empty; expected an IDX file.`);
  const [a, b, type = 0, rank = 0] = bytes;
  if (bytes.length < 4 || a !== 0 || b !== 0 || !(type in types) || rank === 0) {
    const shown = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new UserError(
      `${file}: is not an IDX file: it starts with ${shown}; expected 00 00 08 03 (images) or 00 00 08 01 (labels).`,
    );
  }
  if (type !== 0x08) {
    throw new UserError(`${file}: holds values of type ${types[type]}; expected unsigned bytes (type 08).`);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new UserError(
      `${file}: is cut off within its header: ${bytes.length} bytes; expected at least ${header}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = shape.reduce((product, size) => product * size, 1);
  const present = bytes.length - header;
  if (present !== expected) {
    const promise = `its header promises ${shape.join(' × ')} = ${expected} bytes of data, and ${present} are there`;
    throw new UserError(
      `${file}: ${present < expected ? 'is cut off' : 'has bytes left over'}: ${promise}. Fetch the file again.`,
    );
  }
  return { shape, data: bytes.subarray(header) };
}

/**
 * Reads images, their labels (found by name beside them) and, when a training file is given, the published test file.
 * @param source an images file, or a folder that holds one
 */
export async function readIdxImages(source: string): Promise<IdxImages> {
  const file = (await isFolder(source)) ? await imagesIn(source) : source;
  const { shape, split: train } = await readPair(file);
  const testFile = await partner(file, (name) => [
    name.replace(/train(?!.*train)/i, 't10k'),
    name.replace(/train(?!.*train)/i, 'test'),
  ]);
  if (!testFile) return { file, shape, train };
  const test = await readPair(testFile);
  if (test.shape.join() !== shape.join()) {
    throw new UserError(
      `${testFile}: images are ${test.shape.join(' × ')}; expected ${shape.join(' × ')} as in ${file}.`,
    );
  }
  return { file, shape, train, test: test.split };
}

async function readPair(file: string): Promise<{ shape: number[]; split: Split }> {
  const { shape, data } = parseIdx(await readUnpacked(file), file);
  if (shape.length === 1) {
    throw new UserError(`${file}: holds labels; expected images. Name the images file.`);
  }
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  if (shape.length < 3 || shape.length > 4 || channels > 16) {
    throw new UserError(
      `${file}: has the shape ${shape.join(' × ')}; expected images, count × height × width (× channels).`,
    );
  }
  if (data.length === 0)
    throw new UserError(`${file}: holds no pixels (${shape.join(' × ')}); expected images.`);
  const labels = await readLabels(file, count);
  return { shape: [height, width, channels], split: { count, values: data, labels } };
}

async function readLabels(images: string, count: number): Promise<Int32Array | undefined> {
  const file = await partner(images, (name) => [
    name.replace(/images/i, 'labels').replace(/idx[34]/i, 'idx1'),
  ]);
  if (!file) return undefined;
  const { shape, data } = parseIdx(await readUnpacked(file), file);
  if (shape.length !== 1 || data.length !== count) {
    throw new UserError(
      `${file}: holds ${shape.join(' × ')} labels; expected ${count}, one for each image of ${images}.`,
    );
  }
  return Int32Array.from(data);
}

/** A file beside `file` under one of the names, packed or not. */
async function partner(file: string, rename: (name: string) => string[]): Promise<string | undefined> {
  const name = path.basename(file);
  const bare = name.replace(/\.gz$/i, '');
  const here = await list(path.dirname(file));
  for (const other of rename(bare)) {
    if (other === bare) continue;
    const found = [other, `${other}.gz`].find((candidate) => here.includes(candidate));
    if (found) return path.join(path.dirname(file), found);
  }
  return undefined;
}

async function imagesIn(folder: string): Promise<string> {
  const images = (await list(folder)).filter((name) => /images.*(idx[34]|ubyte)/i.test(name));
  const train = images.filter((name) => /train/i.test(name));
  const bare = new Set(train.map((name) => name.replace(/\.gz$/i, '')));
  if (bare.size > 1) {
    throw new UserError(
      `${folder}: holds several sets of images: ${train.join(', ')}. Name one of the files.`,
    );
  }
  const found = train[0] ?? (images.length === 1 ? images[0] : undefined);
  if (!found) {
    throw new UserError(
      `${folder}: no image data found; expected IDX files such as train-images-idx3-ubyte or its .gz.`,
    );
  }
  return path.join(folder, found);
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw readError(folder, error);
  }
}
