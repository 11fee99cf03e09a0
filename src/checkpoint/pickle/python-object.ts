/**
 * Objects of Python in a pickle, as data: the name of their class and their attributes. No class is looked up and nothing
 * of it runs. The list of classes is closed: the classes of libraries whose flows are known, and of what is saved with them.
 */
import { PickleError, PickleGlobal } from './pickle';

export class PythonObject {
  /** By name; filled by its state. */
  readonly attributes = new Map<unknown, unknown>();
  constructor(
    /** With its module: "nflows.flows.base.Flow". */
    readonly className: string,
    readonly args: readonly unknown[],
  ) {}

  /** @returns undefined when there is none of that name */
  get(attribute: string): unknown {
    return this.attributes.get(attribute);
  }
}

export interface PythonModule {
  /** In the model: "_transform._transforms.1"; empty for the model itself. */
  name: string;
  object: PythonObject;
}

/** Modules of Python below which every class is data. Their functions are not among these: those have small letters. */
const packages = [
  'nflows',
  'glasflow',
  'nessai',
  'zuko',
  'sbi',
  'normflows',
  'FrEIA',
  'pzflow',
  'torch\\.nn\\.modules',
  'torch\\.nn\\.parallel',
  'torch\\.distributions',
  'torch\\.optim',
];
const classes = new RegExp(`^(${packages.join('|')})(\\.[A-Za-z_]\\w*)*\\.(_?[A-Z]\\w*)$`);

/** Names that are kept as names: activations, what hyper-parameters name, and how posteriors evaluate their flow. */
const names =
  /^(torch\.nn\.functional\.[a-z]\w*|torch\._C\._nn\.[a-z]\w*|torch\._C\._VariableFunctionsClass|pzflow\.utils\.[a-z]\w*|sbi\.utils\.potentialutils\.[a-z]\w*)$/;

const single: ReadonlySet<string> = new Set([
  'functools.partial',
  'torch.optim.swa_utils.AveragedModel',
  'torch.distributed.algorithms.join._JoinConfig',
  'argparse.Namespace',
  'types.SimpleNamespace',
  'pathlib.PosixPath',
  'pathlib.WindowsPath',
  'pathlib.PurePosixPath',
  'pathlib._local.PosixPath',
  'pathlib._local.WindowsPath',
]);

/** Objects of these classes are read with their attributes; those of TorchScript are in `__torch__`. */
export function isReadClass(name: string): boolean {
  return classes.test(name) || single.has(name) || name.startsWith('__torch__.');
}

/** May be mentioned, and not called. */
export function isReadName(name: string): boolean {
  return names.test(name);
}

/**
 * Sets attributes as Python's own `__setstate__` does: a dictionary, or a pair of dictionaries where a class has slots.
 * @throws PickleError for other states
 */
export function setAttributes(object: PythonObject, state: unknown): void {
  if (object.className === 'functools.partial') {
    // (function, arguments, keyword arguments, attributes)
    const [, args, keywords] = Array.isArray(state) ? (state as unknown[]) : [];
    object.attributes.set('args', args ?? []);
    object.attributes.set('keywords', keywords ?? new Map());
    return;
  }
  for (const part of Array.isArray(state) && state.length === 2 ? (state as unknown[]) : [state]) {
    if (part === null) continue;
    if (!(part instanceof Map)) throw new PickleError('an object in it has a state that is not known');
    for (const [key, value] of part) object.attributes.set(key, value);
  }
}

/** "ReLU" of `torch.nn.modules.activation.ReLU`, "relu" of a function or of an object of a class. */
export function lastName(value: unknown): string | undefined {
  const full =
    value instanceof PickleGlobal ? value.name : value instanceof PythonObject ? value.className : undefined;
  return full?.slice(full.lastIndexOf('.') + 1);
}
