/** Reads what Keras saves: `.weights.h5`, the older `.h5`, and `.keras`, a zip file of config.json and weights. */
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { hasMoreParts, jsonIn } from '../../base/json-parts';
import { sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import { inHdf5, isHdf5, layoutOf, numberType, objectsIn } from '../../files/hdf5';
import { readZipDirectory } from '../../files/zip-directory';
import { itemBytes, swapBytes, toFloat32, numpyTypes } from '../tensors/dtypes';
import { plainValues } from '../import/plain-values';
import { tensorReader } from '../import/tensor-reader';
import type { TensorFile } from '../import/types';
import { Dataset } from 'jsfive';

/** What is in a `.keras` file. */
const kerasWeights = 'model.weights.h5';
const kerasConfigs = ['metadata.json', 'config.json'];

/** Limits for config.json: bytes and values. */
const largestConfig = 2 ** 26;
const mostParts = 2_000_000;

/** Parts of a file that belong to its optimizer. */
const optimizer = /^(optimizer|optimizer_weights|_optimizer)\//;

/** Whether a zip file that starts with an entry of this name is one of Keras. */
export function isKerasEntry(name: string): boolean {
  return name === kerasWeights || kerasConfigs.includes(name);
}

type Extras = Record<string, number | string | boolean>;

/** @throws UserError when the file is damaged */
export async function readHdf5File(file: string, handle: FileHandle): Promise<TensorFile> {
  return tensorsOf(file, handle, 'hdf5', await handle.readFile(), {});
}

/** @throws UserError when the file is damaged, or has no weights */
export async function readKeras(file: string, handle: FileHandle): Promise<TensorFile> {
  const { size } = await handle.stat();
  const entries = await readZipDirectory(file, handle, size);
  const weights = entries.get(kerasWeights);
  if (!weights)
    throw new UserError(`${file}: is a Keras file without weights (${kerasWeights}). Save the model again.`);
  const extras: Extras = {};
  for (const name of kerasConfigs) {
    const entry = entries.get(name);
    if (!entry) continue;
    const where = `${file}: ${name}`;
    if (entry.size > largestConfig)
      throw new UserError(`${where}: has ${entry.size} bytes; expected at most ${largestConfig}.`);
    const content = await entry.read();
    if (hasMoreParts(content, mostParts))
      throw new UserError(`${where}: has more than ${mostParts} values, more than are read.`);
    const config = jsonIn(new TextDecoder().decode(content));
    if (config === undefined) throw new UserError(`${where}: is not JSON. Save the model again.`);
    Object.assign(extras, plainValues(config));
  }
  const bytes = await weights.read();
  if (!isHdf5(bytes))
    throw new UserError(`${file}: its ${kerasWeights} is not an HDF5 file. Save the model again.`);
  return { ...tensorsOf(file, handle, 'keras', bytes, extras), bytes: size };
}

function tensorsOf(
  file: string,
  handle: FileHandle,
  container: 'hdf5' | 'keras',
  content: Uint8Array<ArrayBuffer>,
  extras: Extras,
): TensorFile {
  const { buffer, byteOffset, byteLength } = content;
  const bytes = byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  const { arrays, names } = inHdf5(file, () => walk(bytes));
  const weights = new Map([...arrays].filter(([name]) => !optimizer.test(name)));
  if (weights.size === 0) {
    throw new UserError(
      `${file}: holds no arrays of numbers. Save the weights: model.save_weights("model.weights.h5").`,
    );
  }
  const other = arrays.size - weights.size;
  for (const [path, name] of names) if (!optimizer.test(`${path}/`)) extras[path] = name;
  return {
    file,
    container,
    bytes: byteLength,
    ...tensorReader(file, weights, ({ dtype, shape, begin, littleEndian }, where) => {
      const span = new Uint8Array(bytes.slice(begin, begin + sizeOf(shape) * itemBytes[dtype]!));
      if (littleEndian !== (endianness() === 'LE')) swapBytes(span, itemBytes[dtype]!);
      return toFloat32(span.buffer, dtype, where);
    }),
    extras,
    ...(other > 0 && {
      leftOut: [`"optimizer" (${other} tensors)`],
      rest: [...arrays]
        .filter(([name]) => !weights.has(name))
        .map(([name, { dtype, shape }]) => ({ name, dtype, shape, of: 'optimizer' as const })),
    }),
    close: () => handle.close(),
  };
}

type StoredArray = NonNullable<ReturnType<typeof arrayOf>>;

/** The arrays of a file, and attribute `name` of its groups, by their path. */
function walk(bytes: ArrayBuffer) {
  /** Those of texts and references are not among them. */
  const arrays = new Map<string, StoredArray>();
  const names = new Map<string, string>();
  for (const { path, item } of objectsIn(bytes).values()) {
    if (item instanceof Dataset) {
      const array = arrayOf(item, bytes, path);
      if (array) arrays.set(path, array);
    } else {
      const { name } = item._dataobjects.get_attributes();
      if (typeof name === 'string') names.set(path, name);
    }
  }
  return { arrays, names };
}

/** Undefined for datasets that are not of numbers. */
function arrayOf(dataset: Dataset, bytes: ArrayBuffer, path: string) {
  const { type = '', littleEndian = true } = numberType(dataset.dtype) ?? {};
  if (!Object.hasOwn(numpyTypes, type)) return undefined;
  const dtype = numpyTypes[type]!;
  const { version, isContiguous, properties } = layoutOf(dataset);
  if (!isContiguous || version < 3) throw new Error(`${path} is stored in pieces, compressed or not`);
  const view = new DataView(bytes);
  const begin = Number(view.getBigUint64(properties, true));
  const size = Number(view.getBigUint64(properties + 8, true));
  const { shape } = dataset;
  const needed = sizeOf(shape) * itemBytes[dtype]!;
  if (needed > 0 && (size !== needed || begin + size > bytes.byteLength))
    throw new Error(`${path} reaches beyond the file`);
  return { dtype, shape: [...shape], begin: needed === 0 ? 0 : begin, littleEndian };
}
