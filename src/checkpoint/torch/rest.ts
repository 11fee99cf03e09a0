/** Tensors of a file that do not belong to the state dict that is read from it. */
import { nameOfKey } from './names';
import { NumpyArray } from './numpy';
import { PythonObject } from './python-object';
import { Tensor } from './tensor';
import type { RestTensor } from '../import/types';

const mostVisited = 1_000_000;
/** What has a longer name is not listed. */
const longestName = 1000;

/** Where modules keep what their names do not say. */
const inner: ReadonlySet<unknown> = new Set(['_parameters', '_buffers', '_modules']);

/** States of optimizers and of what goes with them, by the key of what holds them. */
export const trainingKey = /optim|sched|scaler|rng|^opt$|^amp$|callback|^loops$/i;

/**
 * In the order of the file, each tensor once; those of an optimizer, of copies, of other objects.
 * @param taken of the state dict @param copies keys of others of the same names
 */
export function restOf(
  root: unknown,
  taken: ReadonlySet<Tensor>,
  copies: readonly string[] = [],
): RestTensor[] {
  const rest: RestTensor[] = [];
  const seen = new Set<unknown>(taken);
  const stack: { value: unknown; path: string; optimizer: boolean }[] = [
    { value: root, path: '', optimizer: false },
  ];
  for (let visited = 0; stack.length > 0 && visited < mostVisited; visited++) {
    const { value: given, path, optimizer } = stack.pop()!;
    const value = given instanceof NumpyArray ? given.tensor : given;
    if (value === null || typeof value !== 'object' || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) {
      const { dtype, shape } = value;
      const isCopy = copies.some((key) => path.startsWith(`${key}.`));
      rest.push({ name: path, dtype, shape, of: optimizer ? 'optimizer' : isCopy ? 'copy' : 'other' });
      continue;
    }
    const holder = value instanceof PythonObject ? value.attributes : value;
    if (!(holder instanceof Map) && !Array.isArray(holder)) continue;
    const isOptimizer =
      optimizer || (holder instanceof Map && holder.has('state') && holder.has('param_groups'));
    const entries = [...(holder as Map<unknown, unknown> | unknown[]).entries()];
    for (const [key, item] of entries.reverse()) {
      const word = nameOfKey(key);
      const below = inner.has(key) ? path : path === '' ? word : `${path}.${word}`;
      if (below.length > longestName) continue;
      stack.push({ value: item, path: below, optimizer: isOptimizer || trainingKey.test(word) });
    }
  }
  return rest;
}
