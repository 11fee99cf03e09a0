/** Finds the state dict among what a training script puts into its checkpoint. */
import { findModule, stateDictOf } from './modules';
import { nameOfKey, Names } from './names';
import { NumpyArray } from './numpy';
import { PickleError } from '../pickle/pickle';
import { PythonObject, type PythonModule } from '../pickle/python-object';
import { isAveraged } from '../import/flows-in-file';
import { counters, innerWrappers } from '../import/wrapped-names';
import { isOptimizer, restOf, trainingKey } from './rest';
import { Tensor } from './tensor';
import type { RestTensor } from '../import/types';

export interface StateDict {
  tensors: Map<string, Tensor>;
  /** Plain values next to the tensors, by their path. */
  extras: Record<string, number | string | boolean>;
  /** What was not taken, for people: `"ema" (a second copy of 24 tensors)`. */
  leftOut: string[];
  /** Other tensors of exactly these names, such as a moving average, by the key that they have in the file. */
  copies: Map<string, Map<string, Tensor>>;
  /** The key of `tensors` in the file. */
  key: string;
  /** All other tensors of the file. */
  rest: RestTensor[];
  /** Where the file has the model itself: its modules with their attributes. */
  modules?: readonly PythonModule[];
  /** Where it has several, none of which is in another: all of them, by their paths. */
  models?: readonly { key: string; tensors: Map<string, Tensor>; modules: readonly PythonModule[] }[];
}

/** All tensors that may be read, of which some are the same. */
export function tensorsOfState({ tensors, copies, models = [] }: StateDict): Map<string, Tensor>[] {
  return [tensors, ...copies.values(), ...models.map((model) => model.tensors)];
}

/** Keys below which scripts put their state dicts, the likeliest first. */
const usualKeys = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'flow',
  'module',
  'weights',
  'params',
  'ema',
  'model_ema',
  'ema_model',
  'ema_state_dict',
  'state_dict_ema',
];

const deepest = 50;
const mostValues = 1_000_000;
const mostExtras = 1000;
const longestText = 1000;
const mostCopies = 8;

interface Contents {
  tensors: [path: string[], tensor: Tensor][];
  extras: [path: string[], value: number | string | boolean][];
}

/** The attributes of a flow of pzflow, itself or as a dictionary: they name its bijectors, whose arrays stand next to the weights. */
export function stateOfPzflow(root: unknown): ReadonlyMap<unknown, unknown> | undefined {
  const state = root instanceof PythonObject ? root.attributes : root;
  return state instanceof Map && state.has('bijector_info') && state.has('latent_info') ? state : undefined;
}

/** @throws PickleError for nesting without end */
export function pickStateDict(root: unknown): StateDict {
  const whole = findModule(root);
  if (whole) {
    const { path, modules, others } = whole;
    const { className } = modules[0]!.object;
    const extras = { class: className };
    const tensors = stateDictOf(modules);
    return {
      tensors,
      rest: restOf(root, new Set(tensors.values())),
      extras,
      leftOut: others.map((other) => `"${other.path}"`),
      copies: new Map(),
      key: '',
      modules,
      ...(others.length > 0
        ? {
            models: [{ path, modules }, ...others].map((one) => ({
              key: one.path,
              tensors: stateDictOf(one.modules),
              modules: one.modules,
            })),
          }
        : {}),
    };
  }
  const contents: Contents = { tensors: [], extras: [] };
  collect(root, contents);
  const { prefix, leftOut, copies } = stateOfPzflow(root)
    ? { prefix: [], leftOut: [], copies: [] }
    : choose(contents.tensors.map(([path]) => path));
  const depth = prefix.length;
  const isBelow = (start: readonly string[], path: readonly string[]) =>
    start.every((key, i) => path[i] === key);
  const inside = (path: readonly string[]) => isBelow(prefix, path);
  const below = (start: readonly string[]): Map<string, Tensor> => {
    const tensors = new Map<string, Tensor>();
    for (const [path, tensor] of contents.tensors) {
      if (!isBelow(start, path)) continue;
      const name = path.slice(start.length).join('.') || 'tensor';
      if (tensors.has(name)) throw new PickleError(`two tensors in it have the name "${name}"`);
      tensors.set(name, tensor);
    }
    return tensors;
  };
  const tensors = below(prefix);
  const fullNames = new Map([...tensors.keys()].map((name) => [withoutParallel(name), name]));
  /** Under the names of the tensors that it is a copy of; undefined where it has others. */
  const copyOf = (path: readonly string[]): Map<string, Tensor> | undefined => {
    const copy = [...below(path)].map(
      ([name, tensor]) => [fullNames.get(withoutParallel(name)), tensor] as const,
    );
    const named = copy.filter((entry): entry is readonly [string, Tensor] => entry[0] !== undefined);
    return named.length === tensors.size ? new Map(named) : undefined;
  };
  return {
    tensors,
    rest: restOf(
      root,
      new Set(tensors.values()),
      copies.map((path) => path.join('.')),
    ),
    key: prefix.join('.'),
    copies: new Map(
      copies.flatMap((path) => {
        const copy = copyOf(path);
        return copy ? [[path.join('.'), copy] as const] : [];
      }),
    ),
    extras: Object.fromEntries(
      contents.extras.map(([path, value]) => [
        (inside(path) ? path.slice(depth) : path).join('.') || 'value',
        value,
      ]),
    ),
    leftOut,
  };
}

/** A model is often wrapped for several GPUs or compiled, and its moving average is not, or the other way round. */
const withoutParallel = (name: string): string => name.replace(innerWrappers, '').replace(/^(module\.)+/, '');

/** All tensors and plain values that do not belong to an optimizer. Shared containers are met more than once. */
function collect(root: unknown, contents: Contents): void {
  const open = new Set<unknown>();
  const names = new Names();
  let values = 0;
  const count = () => {
    if (++values > mostValues) throw new PickleError(`it has more than ${mostValues} values`);
  };
  /** @param averages whether only moving averages are taken, which a callback of Lightning may keep */
  const visit = (item: unknown, path: string[], length: number, averages = false): void => {
    count();
    const value =
      item instanceof NumpyArray ? item.tensor : item instanceof PythonObject ? item.attributes : item;
    if (value instanceof Tensor) {
      names.spend(length);
      if (!averages) contents.tensors.push([path, value]);
    } else if (value instanceof Map || Array.isArray(value)) {
      if (open.has(value)) throw new PickleError('a container in it holds itself');
      if (path.length >= deepest) throw new PickleError(`its containers are nested deeper than ${deepest}`);
      open.add(value);
      const entries = value as Map<unknown, unknown> | unknown[];
      if (!isOptimizer(value)) {
        // Once for each container: it looks through all keys.
        let modules: boolean | undefined;
        for (const [key, item] of entries.entries()) {
          const name = nameOfKey(key);
          const nested = item !== null && typeof item === 'object';
          const inside = [...path, name];
          if (averages) {
            // Next to the state dict that it is an average of.
            const isAverage = isAveraged(name) && isStateDict(item);
            visit(item, isAverage ? [inside.join('.')] : inside, length + name.length, !isAverage);
          } else if (nested && trainingKey.test(name) && !(modules ??= isStateDict(value))) {
            if (/callback/i.test(name)) visit(item, inside, length + name.length, true);
            else count();
          } else visit(item, inside, length + name.length);
        }
      }
      open.delete(value);
    } else if (!averages && contents.extras.length < mostExtras) {
      const plain = plainValue(value);
      if (plain !== undefined) contents.extras.push([path, plain]);
    }
  };
  visit(root, [], 0);
}

/** The keys of a state dict name modules, which may be called as they like. */
function isStateDict(value: unknown): boolean {
  return (
    value instanceof Map && [...value.keys()].some((key) => typeof key === 'string' && key.includes('.'))
  );
}

function plainValue(value: unknown): number | string | boolean | undefined {
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'string':
      return value.length <= longestText ? value : `${value.slice(0, longestText)}…`;
    default:
      return undefined;
  }
}

/**
 * The path that the tensors' names are given below. Where one container has all of them, that is it. Where a script
 * saved several, such as a model and its moving average, it is the one with the likeliest key, if the rest are copies
 * of it or single tensors; else all stay, with their whole paths.
 */
function choose(paths: readonly string[][]): { prefix: string[]; leftOut: string[]; copies: string[][] } {
  const prefix: string[] = [];
  let inside = paths;
  const leftOut: string[] = [];
  const copies: string[][] = [];
  for (;;) {
    const depth = prefix.length;
    const groups = new Map<string, string[][]>();
    const single: string[] = [];
    for (const path of inside) {
      const key = path[depth];
      if (key === undefined || path.length === depth + 1) single.push(key ?? '');
      else if (!groups.get(key)?.push(path)) groups.set(key, [path]);
    }
    const best = pickGroup(groups, depth, single);
    if (best === undefined) return { prefix, leftOut, copies };
    for (const [key, group] of groups) {
      if (key === best) continue;
      leftOut.push(`"${[...prefix, key].join('.')}" (${group.length} tensors)`);
      if (copies.length < mostCopies) copies.push([...prefix, key]);
    }
    for (const key of single) leftOut.push(`"${[...prefix, key].join('.')}"`);
    prefix.push(best);
    inside = groups.get(best)!;
  }
}

function pickGroup(
  groups: ReadonlyMap<string, readonly string[][]>,
  depth: number,
  single: readonly string[],
): string | undefined {
  const [first] = groups.keys();
  if (first !== undefined && groups.size === 1 && single.length === 0) return first;
  // Names of modules: this is the state dict already.
  if (single.some((key) => key.includes('.'))) return undefined;
  const best = usualKeys.find((key) => groups.has(key));
  if (best === undefined) return undefined;
  const names = (group: readonly string[][]) =>
    new Set(group.map((path) => withoutParallel(path.slice(depth + 1).join('.'))));
  const bestNames = names(groups.get(best)!);
  const copies = [...groups.entries()].every(
    ([key, group]) =>
      key === best || [...names(group)].every((name) => bestNames.has(name) || counters.includes(name)),
  );
  return copies ? best : undefined;
}
