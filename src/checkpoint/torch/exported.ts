/** Weights in archives of torch.export (.pt2) and of TorchScript. Their code is never looked at. */
import { hasMoreParts, jsonIn } from '../../base/json-parts';
import type { ZipEntry } from '../../files/zip-directory';
import { PickleError } from '../pickle/pickle';
import { PythonObject } from '../pickle/python-object';
import { itemBytes } from '../tensors/dtypes';
import { nameOfKey, Names } from './names';
import { createTensor, Storage, Tensor } from './tensor';

/** By the numbers of torch.export's schema, ScalarType. */
const scalarTypes: Readonly<Record<number, string>> = {
  ...{ 1: 'U8', 2: 'I8', 3: 'I16', 4: 'I32', 5: 'I64', 6: 'F16', 7: 'F32', 8: 'F64', 10: 'C64', 11: 'C128' },
  ...{ 12: 'BOOL', 13: 'BF16', 28: 'U16', 34: 'U32', 35: 'U64' },
  ...{ 29: 'F8_E4M3', 30: 'F8_E5M2', 31: 'F8_E4M3FNUZ', 32: 'F8_E5M2FNUZ', 33: 'F8_E8M0' },
};

/** What lists the weights of a model in newer versions of PyTorch. */
export const isWeightsConfig = /(^|\/)data\/weights\/[^/]*_weights_config\.json$/;
/** In others: a state dict, as torch.save writes it. */
export const isNestedState = /(^|\/)(serialized_state_dict|data\/weights\/[^/]*)\.pt$/;

const largestConfig = 2 ** 24;
const mostParts = 2_000_000;

/**
 * The tensors of a weights config, whose bytes are entries of its folder.
 * @param entries by their names below that folder
 * @throws PickleError when it is damaged, or has tensors that are pickled
 */
export function weightsOf(config: Uint8Array, entries: ReadonlyMap<string, ZipEntry>): Map<string, Tensor> {
  const wrong = (name: string): PickleError =>
    new PickleError(`its weight "${name}" is not described as known`);
  if (config.length > largestConfig || hasMoreParts(config, mostParts))
    throw new PickleError('its list of weights is too long');
  const json = jsonIn(new TextDecoder().decode(config));
  if (json === undefined) throw new PickleError('its list of weights is not JSON');
  const parsed = fieldsOf(fieldsOf(json)['config']);
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(parsed)) {
    const { path_name: key, use_pickle: pickled, tensor_meta: meta } = fieldsOf(entry);
    if (pickled !== false || typeof key !== 'string') throw wrong(name);
    const { dtype, sizes, strides, storage_offset: offset } = fieldsOf(meta);
    const type = typeof dtype === 'number' ? scalarTypes[dtype] : undefined;
    if (type === undefined) throw wrong(name);
    const storage = new Storage(key, type, Math.floor((entries.get(key)?.size ?? 0) / itemBytes[type]!));
    const [shape, steps] = [sizes, strides].map((list) =>
      Array.isArray(list) ? list.map(integerOf) : undefined,
    );
    tensors.set(name, createTensor(storage, integerOf(offset), shape, steps, type, itemBytes[type]!));
  }
  return tensors;
}

/** Only sizes that depend on the input are not integers, and no weight has such a size. */
const integerOf = (value: unknown): unknown => fieldsOf(value)['as_int'];

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

const deepest = 50;

/**
 * The state dict of a module of TorchScript: its attributes are its tensors and modules.
 * @throws PickleError for nesting without end
 */
export function stateOfScript(root: unknown): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const names = new Names();
  const visit = (module: PythonObject, path: string, depth: number): void => {
    if (depth > deepest) throw new PickleError(`its modules are nested deeper than ${deepest}`);
    for (const [key, value] of module.attributes) {
      const name = names.join(path, nameOfKey(key));
      if (value instanceof Tensor) tensors.set(name, value);
      else if (value instanceof PythonObject) visit(value, name, depth + 1);
    }
  };
  if (root instanceof PythonObject) visit(root, '', 0);
  return tensors;
}
