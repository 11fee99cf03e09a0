/** The datasets of an HDF5 file, by jsfive, which reads what h5py writes by default. */
import vm from 'node:vm';
import { Dataset, File, Group } from 'jsfive';
import { sizeOf } from '../../base/shape';
import { shortened, UserError } from '../../base/user-error';
import { itemBytes, numpyTypes } from '../tensors/dtypes';

export interface StoredArray {
  /** As safetensors names it. */
  dtype: string;
  shape: readonly number[];
  /** In the file, bytes. */
  begin: number;
  littleEndian: boolean;
}

export interface Hdf5Content {
  /** By path, "layers/dense/vars/0". Those of texts and references are not among them. */
  arrays: Map<string, StoredArray>;
  /** Attribute `name` of groups, by their path. */
  names: Map<string, string>;
}

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
 * @param where the file, for messages
 * @throws UserError when it is damaged, or a kind of HDF5 that is not read
 */
export function readHdf5(bytes: ArrayBuffer, where: string): Hdf5Content {
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

function walk(bytes: ArrayBuffer): Hdf5Content {
  const arrays: Hdf5Content['arrays'] = new Map();
  const names: Hdf5Content['names'] = new Map();
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
function arrayOf(
  { dtype: type, shape, _dataobjects: objects }: Dataset,
  bytes: ArrayBuffer,
  path: string,
): StoredArray | undefined {
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
