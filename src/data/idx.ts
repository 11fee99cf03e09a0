/** Images and classes as MNIST publishes them (Y. LeCun, C. Cortes, C. Burges: "The MNIST database"). */
import { sizeOf } from '../base/shape';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { isFolder, readError } from '../files/read';
import { openBytes } from './bytes';
import type { Labels, Resources } from './dataset';
import { recordExamples } from './records';

const types: Record<number, string> = {
  0x08: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: 'short',
  0x0c: 'int',
  0x0d: 'float',
  0x0e: 'double',
};

/**
 * The header of an IDX file of unsigned bytes: two zero bytes, the type, the number of dimensions, big-endian sizes, data.
 * @param bytes the first ones of `length`, 1,024 or all
 * @throws UserError naming what in the header or the length is wrong
 */
function parseHeader(bytes: Uint8Array, length: number, file: string): { shape: number[]; start: number } {
  if (length === 0) throw new UserError(`${file}: is empty; expected an IDX file.`);
  const [a, b, type = 0, rank = 0] = bytes;
  if (bytes.length < 4 || a !== 0 || b !== 0 || !(type in types) || rank === 0) {
    const shown = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new UserError(
      `${file}: is not an IDX file: it starts with ${shown}; expected 00 00 08 03 (images) or 00 00 08 01 (labels).`,
    );
  }
  if (type !== 0x08)
    throw new UserError(`${file}: holds values of type ${types[type]}; expected unsigned bytes (type 08).`);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new UserError(
      `${file}: is cut off within its header: ${length} bytes; expected at least ${start}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = sizeOf(shape);
  const present = length - start;
  if (present !== expected) {
    const promise = `its header promises ${shape.join(' × ')} = ${expected} bytes of data, but ${present} are present`;
    throw new UserError(
      `${file}: ${present < expected ? 'is cut off' : 'has bytes left over'}: ${promise}. Download the file again.`,
    );
  }
  return { shape, start };
}

async function open(file: string, resources: Resources) {
  const bytes = await openBytes(file, resources);
  const head = await bytes.read(0, Math.min(bytes.length, 1024));
  return { ...parseHeader(head, bytes.length, file), bytes };
}

/**
 * Opens images, their labels (found by name next to them) and, when a training file is given, the published test file.
 * The shape is [H, W, C]; the largest label is that of both, where there are labels.
 * @param source an images file, or a folder that holds one
 */
export async function openIdxImages(source: string, resources: Resources) {
  const file = (await isFolder(source)) ? await imagesIn(source) : source;
  const { shape, examples: train, largest } = await openPair(file, resources);
  const testFile = await partner(file, (name) => [
    name.replace(/train(?!.*train)/i, 't10k'),
    name.replace(/train(?!.*train)/i, 'test'),
  ]);
  const test = testFile === undefined ? undefined : await openPair(testFile, resources);
  if (test && test.shape.join() !== shape.join()) {
    throw new UserError(
      `${testFile}: images are ${test.shape.join(' × ')}; expected ${shape.join(' × ')} as in ${file}.`,
    );
  }
  return {
    file,
    shape,
    train,
    test: test?.examples,
    largestLabel: largest === undefined ? undefined : Math.max(largest, test?.largest ?? 0),
  };
}

async function openPair(file: string, resources: Resources) {
  const { shape, start, bytes } = await open(file, resources);
  if (shape.length === 1)
    throw new UserError(`${file}: contains labels; expected images. Give the images file.`);
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  if (shape.length < 3 || shape.length > 4 || channels > 16) {
    throw new UserError(
      `${file}: has the shape ${shape.join(' × ')}; expected images, count × height × width (× channels).`,
    );
  }
  const size = height * width * channels;
  if (count * size === 0)
    throw new UserError(`${file}: holds no pixels (${shape.join(' × ')}); expected images.`);
  const labels = await openLabels(file, count, resources);
  const examples = recordExamples(bytes, { count, size, offset: start, ...(labels ? { labels } : {}) });
  const largest = labels?.reduce((most, label) => Math.max(most, label), 0);
  return { shape: [height, width, channels], examples, largest };
}

async function openLabels(
  images: string,
  count: number,
  resources: Resources,
): Promise<(Labels & Uint8Array) | undefined> {
  const file = await partner(images, (name) => [
    name.replace(/images/i, 'labels').replace(/idx[34]/i, 'idx1'),
  ]);
  if (!file) return undefined;
  const { shape, start, bytes } = await open(file, resources);
  if (shape.length !== 1 || shape[0] !== count) {
    throw new UserError(
      `${file}: holds ${shape.join(' × ')} labels; expected ${count}, one for each image in ${images}.`,
    );
  }
  return bytes.read(start, count);
}

/** A file next to `file` with one of the names, compressed or not. */
async function partner(file: string, rename: (name: string) => string[]): Promise<string | undefined> {
  const name = path.basename(file);
  const bare = name.replace(/\.gz$/i, '');
  const here = await list(path.dirname(file));
  for (const other of rename(bare)) {
    if (other === bare) continue;
    const match = [other, `${other}.gz`].find((candidate) => here.includes(candidate));
    if (match) return path.join(path.dirname(file), match);
  }
  return undefined;
}

async function imagesIn(folder: string): Promise<string> {
  const images = (await list(folder)).filter((name) => /images.*(idx[34]|ubyte)/i.test(name));
  const train = images.filter((name) => /train/i.test(name));
  const bare = new Set(train.map((name) => name.replace(/\.gz$/i, '')));
  if (bare.size > 1) {
    throw new UserError(
      `${folder}: contains several sets of images: ${train.join(', ')}. Choose one of the files.`,
    );
  }
  const name = train[0] ?? (images.length === 1 ? images[0] : undefined);
  if (!name) {
    throw new UserError(
      `${folder}: no image data found; expected IDX files such as train-images-idx3-ubyte or its .gz.`,
    );
  }
  return path.join(folder, name);
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw readError(folder, error);
  }
}
