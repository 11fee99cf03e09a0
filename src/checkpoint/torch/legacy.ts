/**
 * The format of torch.save before 1.6, in which plain pickles still keep each storage: pickles of a magic number, the
 * version, what machine it was and the value, then the keys of the storages, then their bytes.
 */
import { itemBytes } from '../tensors/dtypes';
import type { TorchRules } from './globals';
import { PickleError, readPickleAt } from '../pickle/pickle';
import { Storage } from './tensor';

const version = 1001;

/**
 * @param rules of this file alone: its storages are filled
 * @returns what was saved
 * @throws PickleError when it is damaged; errors of the rules
 */
export function readLegacy(bytes: Uint8Array, rules: TorchRules): unknown {
  let at = 0;
  const next = (): unknown => {
    const { value, end } = readPickleAt(bytes, at, rules);
    at = end;
    return value;
  };
  next();
  const [protocol, machine, value, keys] = [next(), next(), next(), next()];
  if (protocol !== version) throw new PickleError('its version is not known');
  if (!(machine instanceof Map) || !Array.isArray(keys))
    throw new PickleError('it does not list its storages');
  const littleEndian = machine.get('little_endian') !== false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys as unknown[]) {
    const storage = typeof key === 'string' ? rules.storages.get(key) : undefined;
    if (!storage) throw new PickleError('it has a storage that no tensor uses');
    if (at + 8 > bytes.length) throw new PickleError('it ends too early');
    const length = view.getBigInt64(at, littleEndian);
    at += 8;
    const size = storage.length * (storage.dtype === undefined ? 1 : (itemBytes[storage.dtype] ?? 0));
    if (length !== BigInt(storage.length)) throw new PickleError('a storage has another length than it says');
    if (size > bytes.length - at) throw new PickleError('it ends too early');
    storage.content = { bytes: bytes.subarray(at, at + size), littleEndian };
    at += size;
  }
  return value;
}

/** Argument of torch.storage._load_from_bytes. @throws PickleError when it is not a storage */
export function readNestedStorage(bytes: Uint8Array, rules: TorchRules): Storage {
  const storage = readLegacy(bytes, rules);
  if (!(storage instanceof Storage)) throw new PickleError('a storage in it is none');
  return storage;
}
