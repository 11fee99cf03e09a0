/** Reads what Keras saves: `.weights.h5`, the older `.h5`, and `.keras`, a zip file of config.json and weights. */
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { hasMoreParts, jsonIn } from '../../base/json-parts';
import { sizeOf } from '../../base/shape';
import { UserError, shortened } from '../../base/user-error';
import { readZipDirectory } from '../../files/zip-directory';
import { itemBytes, swapBytes, toFloat32, numpyTypes } from '../tensors/dtypes';
import { plainValues } from '../import/plain-values';
import { tensorReader } from '../import/tensor-reader';
import type { TensorFile } from '../import/types';
import vm from 'node:vm';
import { Dataset, File, Group } from 'jsfive';

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
  const { arrays, names } = readHdf5(bytes, file);
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

type Hdf5Content = ReturnType<typeof walk>;

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export function isHdf5(start: Uint8Array): boolean {
  return signature.every((byte, i) => start[i] === byte);
}

const mostObjects = 100_000;
const deepest = 50;
/**
 * Time limit for the library: tables of a damaged file can refer to each other in circles that it follows. A thousand
 * datasets take a fraction of a second.
 */
const longestMilliseconds = 3000;

const dataLayout = 0x0008;
const contiguous = 1;

/**
 * The datasets of an HDF5 file, by jsfive, which reads what h5py writes by default.
 * @param where the file, for messages
 * @throws UserError when it is damaged, or a kind of HDF5 that is not read
 */
function readHdf5(bytes: ArrayBuffer, where: string): Hdf5Content {
  const damaged = (what: string) =>
    new UserError(
      `${where}: is damaged, or an HDF5 file of a kind that is not read: ${what}. Copy or download it again.`,
    );
  try {
    // Only the deadline of a script can end a loop in a library.
    return vm.runInNewContext(
      'read()',
      { read: () => walk(bytes) },
      { timeout: longestMilliseconds },
    ) as Hdf5Content;
  } catch (error) {
    if (error instanceof UserError) throw error;
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw damaged('its tables have no end');
    }
    throw damaged(shortened(error instanceof Error ? error.message : String(error)));
  }
}

function walk(bytes: ArrayBuffer) {
  /** By path, "layers/dense/vars/0". Those of texts and references are not among them. */
  const arrays = new Map<string, StoredArray>();
  /** Attribute `name` of groups, by their path. */
  const names = new Map<string, string>();
  const seen = new Set<number>();
  const visit = (group: Group, path: string, depth: number): void => {
    if (depth > deepest) throw new Error(`its groups are nested deeper than ${deepest}`);
    const { name } = group._dataobjects.get_attributes();
    if (typeof name === 'string') names.set(path, name);
    for (const key of group.keys) {
      const address = group._links[key];
      // Symbolic links lead to what is met anyway.
      if (typeof address !== 'number') continue;
      if (seen.has(address)) throw new Error('a group in it has two names');
      seen.add(address);
      if (seen.size > mostObjects) throw new Error(`it has more than ${mostObjects} groups and datasets`);
      const item = group.get(key);
      const place = path === '' ? key : `${path}/${key}`;
      if (item instanceof Group) visit(item, place, depth + 1);
      else if (item instanceof Dataset) {
        const array = arrayOf(item, bytes, place);
        if (array) arrays.set(place, array);
      }
    }
  };
  visit(new File(bytes, ''), '', 0);
  return { arrays, names };
}

/** Undefined for datasets that are not of numbers. */
function arrayOf({ dtype: type, shape, _dataobjects: objects }: Dataset, bytes: ArrayBuffer, path: string) {
  const [, order, code = ''] = (typeof type === 'string' && /^([<>|=]?)([fiu][1248])$/.exec(type)) || [];
  if (!Object.hasOwn(numpyTypes, code)) return undefined;
  const dtype = numpyTypes[code]!;
  const at = objects.find_msg_type(dataLayout)[0]?.get('offset_to_message');
  if (typeof at !== 'number') throw new Error(`${path} has no values`);
  const [version, , layout, properties] = objects._get_data_message_properties(at);
  if (layout !== contiguous || version < 3) throw new Error(`${path} is stored in pieces, compressed or not`);
  const view = new DataView(bytes);
  const begin = Number(view.getBigUint64(properties, true));
  const size = Number(view.getBigUint64(properties + 8, true));
  const needed = sizeOf(shape) * itemBytes[dtype]!;
  if (needed > 0 && (size !== needed || begin + size > bytes.byteLength)) {
    throw new Error(`${path} reaches beyond the file`);
  }
  return { dtype, shape: [...shape], begin: needed === 0 ? 0 : begin, littleEndian: order !== '>' };
}
