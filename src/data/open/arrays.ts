/** NumPy arrays as data: rows of numbers, or images of bytes. */
import { moveChannels } from '../../base/channels';
import { sizeOf } from '../../base/shape';
import path from 'node:path';
import type { DataConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { mostColumns } from '../columns';
import { openBytes } from '../bytes';
import type { Examples, Labels, Resources } from '../dataset';
import { imageArrays } from '../images/arrays';
import { decodeNpy, npyScalar } from '../npy';
import { chooseArray, openArchive, storedArray, type StoredArray } from '../npz';
import type { Opened } from '../opened';
import { recordExamples } from '../records';

/** An array of an archive whose name says what it is for. */
const trainNames = ['x_train', 'train_images', 'train_data', 'train_x', 'X_train', 'train'];
const testNames: readonly (readonly string[])[] = [
  ['x_val', 'x_valid', 'x_validation', 'x_test'],
  ['val_images', 'test_images'],
  ['val_data', 'test_data'],
  ['val_x', 'valid_x', 'test_x'],
  ['X_val', 'X_valid', 'X_validation', 'X_test'],
  ['val', 'valid', 'validation', 'test'],
];
const usualNames = ['x', 'X', 'data', 'images', 'features', 'arr_0'];

const columnByColumn =
  'is stored column by column (Fortran order), so examples cannot be read one at a time. ' +
  'Save it with numpy.save(file, numpy.ascontiguousarray(array)).';

/** @throws UserError when the array is neither rows of numbers nor images of bytes */
export async function openNpy(file: string, config: DataConfig, resources: Resources): Promise<Opened> {
  if (config.array !== undefined) {
    throw new UserError(
      `${file}: is a single array. Leave data.array ${config.array} out; it is for .npz files.`,
    );
  }
  const array = await storedArray(await openBytes(file, resources), file);
  return describe(array, undefined, file, config, resources);
}

/** @throws UserError also when the archive holds several arrays and none is the obvious one */
export async function openNpz(file: string, config: DataConfig, resources: Resources): Promise<Opened> {
  const { names, get } = await openArchive(file, resources);
  const chosen = choose(names, config.array, file);
  const openArray = async (name: string): Promise<Opened> => {
    const array = await get(name);
    return describe(array, await labelsFor(name, array.header.shape[0] ?? 0), file, config, resources);
  };
  const pair = trainNames.indexOf(chosen);
  const testName = pair < 0 ? undefined : testNames[pair]!.find((name) => names.includes(name));
  const opened = await openArray(chosen);
  if (testName === undefined) return { ...opened, note: `${opened.note}, "${chosen}"` };
  const test = await openArray(testName);
  if (
    test.kind !== opened.kind ||
    test.shape.join() !== opened.shape.join() ||
    test.levels !== opened.levels
  ) {
    throw new UserError(
      `${(await get(testName)).where}: holds examples of ${test.shape.join('×')}; expected ${opened.shape.join('×')} as in "${chosen}".`,
    );
  }
  return { ...opened, test: test.all, note: `${opened.note}, "${chosen}"; "${testName}" is held out` };

  async function labelsFor(name: string, count: number): Promise<Labels | undefined> {
    const candidates = [
      name.replace(/x/i, (x) => (x === 'x' ? 'y' : 'Y')),
      name.replace(/x/i, 'y'),
      name.replace('images', 'labels').replace('data', 'labels'),
      ...(usualNames.includes(name) ? ['y', 'labels', 'label', 'target'] : []),
    ];
    const labelName = candidates.find((candidate) => candidate !== name && names.includes(candidate));
    if (labelName === undefined) return undefined;
    const { header, bytes } = await get(labelName);
    const rows = sizeOf(header.shape);
    if (rows !== count || header.shape[0] !== count || !/^[iub]/.test(header.type)) return undefined;
    const values = decodeNpy(await bytes.read(header.start, bytes.length - header.start), header);
    return Int32Array.from(values as ArrayLike<number>, Number);
  }
}

/**
 * Images of numbers as rows, in the order [height, width, channels]: (N, H, W, C), or (N, C, H, W) where that is what the shape
 * fits; of one pixel also (N, C).
 * @throws UserError for anything else
 */
export async function openImageContext(
  file: string,
  shape: readonly number[],
  resources: Resources,
): Promise<Opened> {
  const array = await storedContext(file, resources);
  const { header, where } = array;
  const [height = 1, width = 1, channels = 1] = shape;
  const [count = 0, ...event] = header.shape;
  const isRow = height * width === 1 && event.join() === String(channels);
  const isFirst =
    !isRow && event.join() !== shape.join() && event.join() === [channels, height, width].join();
  if (!isRow && !isFirst && event.join() !== shape.join()) {
    throw new UserError(
      `${where}: has the shape (${header.shape.join(', ')}); expected (N, ${shape.join(', ')}) or ` +
        `(N, ${[channels, height, width].join(', ')}), with an image of numbers for each example.`,
    );
  }
  if (header.fortran) throw new UserError(`${where}: ${columnByColumn}`);
  const size = sizeOf(shape);
  const rows = numberRows(array, count, size);
  const all: Examples = isFirst
    ? {
        ...rows,
        read: async (indices, options) => moveChannels(await rows.read(indices, options), shape, true),
      }
    : rows;
  const name = path.basename(file);
  return { kind: 'vector', name, shape: [size], all, source: file, note: `a NumPy array of ${header.dtype}` };
}

/** The only array, or the one of that name. */
async function storedContext(file: string, resources: Resources): Promise<StoredArray> {
  if (!/\.np[yz]$/i.test(file))
    throw new UserError(`${file}: expected an .npy or .npz file, since images are given as context.`);
  if (/\.npy$/i.test(file)) return storedArray(await openBytes(file, resources), file);
  const { names, get } = await openArchive(file, resources);
  return get(names.includes('context') ? 'context' : choose(names, undefined, file));
}

function choose(names: readonly string[], array: string | undefined, file: string): string {
  return chooseArray(names, array, [...trainNames, ...usualNames], file, '; name one in data.array');
}

async function describe(
  array: StoredArray,
  labels: Labels | undefined,
  file: string,
  config: DataConfig,
  resources: Resources,
): Promise<Opened> {
  const { header, bytes, where } = array;
  const { shape, type } = header;
  const rank = shape.length;
  const shown = `(${shape.join(', ')})`;
  if (rank < 2 || rank > 4) {
    throw new UserError(
      `${where}: has the shape ${shown}; expected rows of numbers (N, D), or images (N, H, W) or (N, H, W, C).`,
    );
  }
  if (shape.includes(0)) throw new UserError(`${where}: has the shape ${shown}, which holds no values.`);
  if (header.fortran && (rank > 2 || !bytes.memory)) throw new UserError(`${where}: ${columnByColumn}`);
  const [count = 0] = shape;
  const size = sizeOf(shape.slice(1));
  const common = { name: path.basename(file), source: file };
  if (rank === 2) {
    if (size > mostColumns)
      throw new UserError(`${where}: has rows of ${size} numbers; at most ${mostColumns} are read.`);
    const all = numberRows(array, count, size, labels);
    return {
      ...common,
      kind: 'vector',
      shape: [size],
      all,
      note: `a NumPy array of ${header.dtype}, ${shown}`,
    };
  }
  if (type !== 'u1' && type !== 'b1') {
    throw new UserError(
      `${where}: has the shape ${shown} of images, with values of ${header.dtype}; expected bytes from 0 to 255. ` +
        `Save (255 * array).round().astype('uint8') of values in [0, 1], or array.astype('uint8'); ` +
        `or array.reshape(len(array), -1) as rows of numbers.`,
    );
  }
  const [, height = 0, width = 0, channels = 1] = shape;
  if (channels > 16) {
    throw new UserError(
      `${where}: has the shape ${shown}; expected at most 16 channels, in the last axis: (N, H, W, C). ` +
        'Move them with array.transpose(0, 2, 3, 1).',
    );
  }
  const levels = type === 'b1' ? 2 : 256;
  const all = recordExamples(bytes, { count, size, offset: header.start, ...(labels ? { labels } : {}) });
  const stored = { all, shape: [height, width, channels], levels, where };
  const images = await imageArrays(stored, config, resources);
  return { ...common, ...images, note: `a NumPy array of images, ${shown}` };
}

function numberRows(
  { bytes, header, where }: StoredArray,
  count: number,
  size: number,
  labels?: Labels,
): Examples {
  const scalar = npyScalar(header);
  const { itemBytes, start, fortran } = header;
  // Column by column, rows overlap: one begins a value after the other, and its values lie a column apart.
  const stride = fortran ? itemBytes : size * itemBytes;
  const step = fortran ? count * itemBytes : itemBytes;
  let view: DataView = new DataView(new ArrayBuffer(0));
  return recordExamples(bytes, {
    count,
    size,
    offset: start,
    stride,
    ...(labels ? { labels } : {}),
    decode(from, at, out, to, index) {
      if (view.buffer !== from.buffer || view.byteOffset !== from.byteOffset)
        view = new DataView(from.buffer, from.byteOffset, from.byteLength);
      for (let d = 0; d < size; d++) {
        const value = Math.fround(scalar(view, at + d * step));
        out[to + d] = value;
        if (Number.isFinite(value)) continue;
        throw new UserError(
          `${where}: row ${index}, column ${d}: expected a finite number, got ${value}. ` +
            'Remove the row or fill it in.',
        );
      }
    },
  });
}
