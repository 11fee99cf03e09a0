/** Data as arrays in files, of which other programs read the rows that they need. */
import path from 'node:path';
import { contextSizeOf } from '../config/context-size';
import { writeAtomically } from '../files/atomic';
import { blocks } from './blocks';
import { splitContext } from './context';
import { indexRange, type Dataset, type Split } from './dataset';
import { encodeNpy, npyHead } from './npy';

/** Rows that are read and written at once. */
const rowsAtOnce = 1024;
/** Pictures, which may be large. */
const picturesAtOnce = 64;

/**
 * Writes `train.npy` and `validation.npy`, a row for each example in data units, and what it is given in `….context.npy`.
 * Pictures that are cropped at random in training are whole in `train.pixels`, one behind the other, [H, W, C] bytes each,
 * and their heights and widths in `train.sizes.npy`.
 *
 * @param folder that exists
 * @throws UserError where data cannot be read or files cannot be written
 */
export async function writeArrays(folder: string, dataset: Dataset, signal?: AbortSignal): Promise<void> {
  const write = (name: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> =>
    writeAtomically(path.join(folder, name), untilStopped(parts, signal));
  for (const name of ['train', 'validation'] as const) {
    const split = dataset[name];
    if (split.count === 0) continue;
    if (name === 'train' && split.whole) {
      const sizes = new Int32Array(2 * split.count);
      await write(`${name}.pixels`, wholePictures(split, sizes));
      await write(`${name}.sizes.npy`, [encodeNpy({ shape: [split.count, 2], data: sizes })]);
    } else {
      await write(`${name}.npy`, rowsOf(split, dataset, 'features'));
    }
    if (contextSizeOf(dataset) > 0) await write(`${name}.context.npy`, rowsOf(split, dataset, 'context'));
  }
}

async function* untilStopped(
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    signal?.throwIfAborted();
    yield part;
  }
}

/** Fills in `sizes` on the way. */
async function* wholePictures(split: Split, sizes: Int32Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < split.count; start += picturesAtOnce) {
    const indices = indexRange(start, Math.min(picturesAtOnce, split.count - start));
    const pictures = await Promise.all(indices.map((index) => split.whole!(index)));
    for (const [i, { height, width, data }] of pictures.entries()) {
      sizes.set([height, width], 2 * (start + i));
      yield data;
    }
  }
}

/** An array of all examples, a block at a time: pixels as bytes where they fit. */
async function* rowsOf(
  split: Split,
  dataset: Dataset,
  part: 'features' | 'context',
): AsyncGenerator<Uint8Array> {
  const areBytes = part === 'features' && dataset.levels !== undefined && dataset.levels <= 256;
  let begun = false;
  for await (const { count, values } of blocks(split, rowsAtOnce)) {
    const rows = splitContext(values, dataset)[part]!;
    const data = areBytes ? Uint8Array.from(rows) : rows;
    const shape = part === 'features' ? dataset.shape : [rows.length / count];
    if (!begun) yield npyHead({ shape: [split.count, ...shape], data });
    begun = true;
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}
