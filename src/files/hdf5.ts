/** HDF5 files, by jsfive, which reads what h5py and netCDF write by default. */
import vm from 'node:vm';
import { type Dataset, File, Group } from 'jsfive';
import { messageOf, shortened, UserError } from '../base/user-error';

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

/**
 * What `read` makes of a file, within a time limit.
 * @param where the file, for messages
 * @throws UserError when it is damaged, or a kind of HDF5 that is not read
 */
export function inHdf5<T>(where: string, read: () => T, timeout = longestMilliseconds): T {
  const damaged = (what: string) =>
    new UserError(
      `${where}: is damaged, or an HDF5 file of a kind that is not read: ${what}. Copy or download it again.`,
    );
  // The library writes names of attributes out of the file to the terminal.
  const { warn } = console;
  console.warn = () => undefined;
  try {
    // Only the deadline of a script can end a loop in a library.
    return vm.runInNewContext('read()', { read }, { timeout }) as T;
  } catch (error) {
    if (error instanceof UserError) throw error;
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw damaged('its tables have no end');
    throw damaged(shortened(messageOf(error)));
  } finally {
    console.warn = warn;
  }
}

/** The groups and datasets of a file by their address, and their path, "layers/dense/vars/0". */
export function objectsIn(bytes: ArrayBuffer): Map<unknown, { path: string; item: Group | Dataset }> {
  const found: ReturnType<typeof objectsIn> = new Map();
  const visit = (group: Group, path: string, depth: number): void => {
    if (depth > deepest) throw new Error(`its groups are nested deeper than ${deepest}`);
    for (const key of namesIn(group)) {
      const address = group._links[key];
      // Symbolic links lead to what is met anyway.
      if (typeof address !== 'number') continue;
      if (found.has(address)) throw new Error('a group in it has two names');
      if (found.size >= mostObjects) throw new Error(`it has more than ${mostObjects} groups and datasets`);
      const object = { path: path === '' ? key : `${path}/${key}`, item: group.get(key) };
      found.set(address, object);
      if (object.item instanceof Group) visit(object.item, object.path, depth + 1);
    }
  };
  visit(new File(bytes, ''), '', 0);
  return found;
}

/** In the order of creation, where the file keeps it; the library gives the tenth before the second. */
function namesIn({ keys, _dataobjects: objects }: Group): string[] {
  const order = new Map<string, number>();
  const decode = objects._decode_link_msg.bind(objects);
  objects._decode_link_msg = (data, offset) => {
    const [created = 0, link] = decode(data, offset);
    order.set(link[0], created);
    return [created, link];
  };
  objects.get_links();
  return keys.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
}

/** The type of numbers, such as `f4`; undefined for texts, references and types that the library does not know. */
export function numberType(dtype: Dataset['dtype']): { type: string; littleEndian: boolean } | undefined {
  const [, order, type] = (typeof dtype === 'string' && /^([<>|=]?)([fiu][1248])$/.exec(dtype)) || [];
  return type === undefined ? undefined : { type, littleEndian: order !== '>' };
}

const dataLayout = 0x0008;

/** How the values of a dataset are stored. @throws Error for one without values */
export function layoutOf({ _dataobjects: objects }: Dataset) {
  const at = objects.find_msg_type(dataLayout)[0]?.get('offset_to_message');
  if (typeof at !== 'number') throw new Error('a dataset has no values');
  const [version, , layout, properties] = objects._get_data_message_properties(at);
  return { version, isContiguous: layout === 1, isChunked: layout === 2, properties };
}
