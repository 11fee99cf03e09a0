/** PyTorch's modules among the objects of a pickle: their state dicts, and their attributes by the module's name. */
import { nameOfKey, Names } from './names';
import { NumpyArray } from './numpy';
import { PickleError } from '../pickle/pickle';
import { PythonObject, type PythonModule } from '../pickle/python-object';
import { Tensor } from './tensor';

const deepest = 50;
const mostObjects = 1_000_000;

function isModule(value: unknown): value is PythonObject {
  return value instanceof PythonObject && value.get('_modules') instanceof Map;
}

/**
 * A module and all modules in it, in the order of its state dict.
 * @throws PickleError for nesting without end
 */
function modulesOf(root: PythonObject): PythonModule[] {
  const modules: PythonModule[] = [];
  const names = new Names();
  const open = new Set<PythonObject>();
  const visit = (object: PythonObject, name: string): void => {
    if (open.has(object)) throw new PickleError('a module in it holds itself');
    if (open.size >= deepest) throw new PickleError(`its modules are nested deeper than ${deepest}`);
    if (modules.length >= mostObjects) throw new PickleError(`it has more than ${mostObjects} modules`);
    modules.push({ name, object });
    open.add(object);
    for (const [key, child] of partOf(object, '_modules')) {
      if (isModule(child)) visit(child, names.join(name, key));
    }
    open.delete(object);
  };
  visit(root, '');
  return modules;
}

/** As module.state_dict() gives it: names and tensors. */
export function stateDictOf(modules: readonly PythonModule[]): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const names = new Names();
  for (const { name, object } of modules) {
    const transient = object.get('_non_persistent_buffers_set');
    for (const part of ['_parameters', '_buffers'] as const) {
      for (const [key, value] of partOf(object, part)) {
        if (transient instanceof Set && part === '_buffers' && transient.has(key)) continue;
        const tensor = value instanceof NumpyArray ? value.tensor : value;
        if (tensor instanceof Tensor) tensors.set(names.join(name, key), tensor);
      }
    }
  }
  return tensors;
}

function partOf(object: PythonObject, part: string): Map<unknown, unknown> {
  const value = object.get(part);
  return value instanceof Map ? value : new Map<unknown, unknown>();
}

/** What holds a model for several devices, or as an average, as its module "module". */
const wrapper = /^torch\.(nn\.parallel|optim\.swa_utils)\./;
const mostWrappers = 8;

function modelIn(object: PythonObject): PythonObject {
  let model = object;
  for (let i = 0; i < mostWrappers && wrapper.test(model.className); i++) {
    const inner = partOf(model, '_modules').get('module');
    if (!isModule(inner)) break;
    model = inner;
  }
  return model;
}

/** Names of objects that are not models: optimizers, and the arguments that a model was made with. */
const beside = /optim|sched|^hyper_parameters$|callback|^loops$/i;
/** What a model is called; "posterior_estimator" and the like in a posterior of sbi. */
const usualNames = /(^|\.)(model|(\w+_)?estimator|flow|net|module)$/;

/** Beyond that many, others are not looked into. */
const mostOthers = 32;

/**
 * The model among lists, dictionaries and other objects, by its path from the whole, which is empty where the whole is the
 * model; and other modules, which are not in it.
 * @throws PickleError when there is too much of it
 */
export function findModule(root: unknown) {
  const candidates: { path: string; object: PythonObject }[] = [];
  const seen = new Set<unknown>([root]);
  const names = new Names();
  const queue: { path: string; value: unknown }[] = [{ path: '', value: root }];
  // Breadth first: what a posterior is made of comes before what its parts refer to.
  for (let at = 0; at < queue.length; at++) {
    if (at >= mostObjects) throw new PickleError(`it has more than ${mostObjects} objects`);
    const { path, value } = queue[at]!;
    if (isModule(value)) {
      names.spend(path.length);
      candidates.push({ path, object: modelIn(value) });
      continue;
    }
    const entries =
      value instanceof PythonObject
        ? value.attributes.entries()
        : value instanceof Map || Array.isArray(value)
          ? (value as Map<unknown, unknown> | unknown[]).entries()
          : [];
    for (const [key, item] of entries) {
      const isContainer = item instanceof PythonObject || item instanceof Map || Array.isArray(item);
      if (!isContainer || seen.has(item) || (typeof key === 'string' && beside.test(key))) continue;
      seen.add(item);
      queue.push({ path: path === '' ? nameOfKey(key) : `${path}.${nameOfKey(key)}`, value: item });
    }
  }
  const best = candidates.find(({ path }) => usualNames.test(path)) ?? candidates[0];
  if (!best) return undefined;
  const modules = modulesOf(best.object);
  const inside = new Set(modules.map(({ object }) => object));
  const others = candidates
    .filter(({ object }) => !inside.has(object))
    .map(({ path, object }, i) => ({ path, modules: i < mostOthers ? modulesOf(object) : [] }));
  return { path: best.path, modules, others };
}
