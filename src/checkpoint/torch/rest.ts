/** Tensors of a file that do not belong to the state dict that is read from it. */
import { nameOfKey } from './names';
import { NumpyArray } from './numpy';
import { PythonObject } from '../pickle/python-object';
import { Tensor } from './tensor';
import type { RestTensor } from '../import/types';

/** Containers and tensors; what comes after is not listed. */
const mostMet = 1_000_000;
/** What has a longer name is not listed. */
const longestName = 1000;

/** Where modules keep what their names do not say. */
const inner: ReadonlySet<unknown> = new Set(['_parameters', '_buffers', '_modules']);

/** States of optimizers and of what goes with them, by the key of what holds them. */
export const trainingKey = /optim|sched|scaler|rng|^opt$|^amp$|callback|^loops$/i;

export const isOptimizer = (value: unknown): boolean =>
  value instanceof Map && value.has('state') && value.has('param_groups');

/**
 * Tensors outside the state dict, in the order of the file, each once: of an optimizer, of copies, of other objects.
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
  let met = 0;
  while (stack.length > 0) {
    const { value: item, path, optimizer } = stack.pop()!;
    const value = item instanceof NumpyArray ? item.tensor : item;
    if (seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) {
      const { dtype, shape } = value;
      const isCopy = copies.some((key) => path.startsWith(`${key}.`));
      rest.push({ name: path, dtype, shape, of: optimizer ? 'optimizer' : isCopy ? 'copy' : 'other' });
      continue;
    }
    const holder = value instanceof PythonObject ? value.attributes : value;
    if (!(holder instanceof Map) && !Array.isArray(holder)) continue;
    const ofOptimizer = optimizer || isOptimizer(holder);
    const inside: typeof stack = [];
    for (const [key, item] of (holder as Map<unknown, unknown> | unknown[]).entries()) {
      if (item === null || typeof item !== 'object') continue;
      if (++met > mostMet) return rest;
      const word = nameOfKey(key);
      const below = inner.has(key) ? path : path === '' ? word : `${path}.${word}`;
      if (below.length > longestName) continue;
      inside.push({ value: item, path: below, optimizer: ofOptimizer || trainingKey.test(word) });
    }
    // From the last one, so that the first one is looked at next.
    for (let i = inside.length - 1; i >= 0; i--) stack.push(inside[i]!);
  }
  return rest;
}
