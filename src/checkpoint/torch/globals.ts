/**
 * The names of Python that a checkpoint of tensors uses, and what they stand for. The list is closed: everything else
 * refuses the file. It is narrower than the list of `torch.load(weights_only=True)`.
 */
import { isSize } from '../../base/shape';
import { itemBytes } from '../tensors/dtypes';
import { fillArray, NumpyArray, numpyScalar, numpyTensor, NumpyType } from './numpy';
import { PickleError, PickleGlobal, type PickleRules } from '../pickle/pickle';
import { isReadClass, isReadName, PythonObject, setAttributes } from '../pickle/python-object';
import { createTensor, Storage, Tensor } from './tensor';

const storageTypes: Readonly<Record<string, string>> = {
  Double: 'F64',
  Float: 'F32',
  Half: 'F16',
  BFloat16: 'BF16',
  Long: 'I64',
  Int: 'I32',
  Short: 'I16',
  Char: 'I8',
  Byte: 'U8',
  Bool: 'BOOL',
  ComplexFloat: 'C64',
  ComplexDouble: 'C128',
  QInt8: 'QINT8',
  QUInt8: 'QUINT8',
  QInt32: 'QINT32',
  QUInt4x2: 'QUINT4X2',
  QUInt2x4: 'QUINT2X4',
};

const dtypes: Readonly<Record<string, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  complex128: 'C128',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  qint8: 'QINT8',
  quint8: 'QUINT8',
  qint32: 'QINT32',
};

/** An entry of a table by a name out of a file, which may be one that every object has. */
function named<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Items and bytes that calls may still copy: a short pickle can ask for a long copy many times over. */
interface Budget {
  left: number;
}

const largestCopies = 10_000_000;

function spend(budget: Budget, count: number): void {
  budget.left -= count;
  if (budget.left < 0) throw new PickleError('it copies far too much');
}

type Call = (args: readonly unknown[], budget: Budget) => unknown;

const wrong = (what: string) => new PickleError(`${what} in it has arguments that are not known`);

/** A container is made of nothing or of a list. */
function collect(args: readonly unknown[], what: string, budget: Budget): readonly unknown[] {
  if (args.length === 0) return [];
  if (args.length !== 1 || !Array.isArray(args[0])) throw wrong(what);
  spend(budget, args[0].length);
  return args[0];
}

const orderedDict: Call = (args, budget) =>
  new Map(
    collect(args, 'an OrderedDict', budget).map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw wrong('an OrderedDict');
      return [pair[0], pair[1]] as [unknown, unknown];
    }),
  );
/** A Counter, made from a dictionary; schedules of learning rates keep their milestones in one. */
const counter: Call = (args, budget) => {
  const [counts = new Map()] = args;
  if (args.length > 1 || !(counts instanceof Map)) throw wrong('a Counter');
  spend(budget, counts.size);
  return new Map(counts);
};
const set: Call = (args, budget) => new Set(collect(args, 'a set', budget));

/**
 * (storage, offset, size, stride, requires_grad, backward_hooks, metadata); those that are quantized, which are listed and
 * never read, have their parameters before requires_grad.
 */
const tensorV2: Call = ([storage, offset, size, stride]) =>
  createTensor(storage, offset, size, stride, undefined, 1);

/** As safetensors names it; undefined for what is no type of PyTorch that is known. */
export function torchDtype(type: unknown): string | undefined {
  return type instanceof PickleGlobal ? named(dtypes, type.name.replace(/^torch\./, '')) : undefined;
}

/** The storage is of bytes: (storage, offset, size, stride, requires_grad, backward_hooks, dtype, metadata) */
const tensorV3: Call = ([storage, offset, size, stride, , , type]) => {
  const dtype = torchDtype(type);
  if (dtype === undefined || !Object.hasOwn(itemBytes, dtype)) throw wrong('a tensor');
  return createTensor(storage, offset, size, stride, dtype, itemBytes[dtype]!);
};

/** (data, requires_grad, backward_hooks) and, in newer versions, the attributes that were set on it. */
const parameter: Call = ([data]) => {
  if (!(data instanceof Tensor)) throw wrong('a parameter');
  return data;
};

/** A tensor with attributes: (function, type, arguments, attributes). */
const fromType: Call = ([rebuild, type, args], budget) => {
  const known = rebuild instanceof PickleGlobal ? named(rebuilders, rebuild.name) : undefined;
  const plain =
    type instanceof PickleGlobal && ['torch.Tensor', 'torch.nn.parameter.Parameter'].includes(type.name);
  if (!known || !plain || !Array.isArray(args)) throw wrong('a tensor with attributes');
  return known(args, budget);
};

const rebuilders: Readonly<Record<string, Call>> = {
  'torch._utils._rebuild_tensor': tensorV2,
  'torch._utils._rebuild_tensor_v2': tensorV2,
  'torch._utils._rebuild_tensor_v3': tensorV3,
  'torch._utils._rebuild_qtensor': tensorV2,
  'torch._utils._rebuild_parameter': parameter,
  'torch._utils._rebuild_parameter_with_state': parameter,
};

/** Bytes in protocol 2: (text of code points below 256, "latin1"). */
const encode: Call = ([text, encoding], budget) => {
  if (typeof text !== 'string' || encoding !== 'latin1') throw wrong('a byte string');
  spend(budget, text.length);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};

/** (code, align, copy) */
const numpyType: Call = ([code]) => {
  if (typeof code !== 'string') throw wrong('a numpy type');
  return new NumpyType(code);
};

/** (class, shape, type): an empty array, which its state fills. */
const numpyArray: Call = () => new NumpyArray();

/** (bytes, type, shape, order) */
const numpyFromBuffer: Call = ([bytes, type, shape, order]) => {
  const array = new NumpyArray();
  array.tensor = numpyTensor(shape, type, order === 'F', bytes);
  return array;
};

/** (function, its arguments, state of the array, what JAX adds) */
const jaxArray: Call = ([rebuild, args, state], budget) => {
  const known = rebuild instanceof PickleGlobal && arrays[rebuild.name];
  if (!known || !Array.isArray(args)) throw wrong('a JAX array');
  const array = known(args, budget) as NumpyArray;
  if (!array.tensor) fillArray(array, state);
  return array;
};

/** By the names before and since NumPy 2. */
const ofNumpy = (name: string, call: Call): Record<string, Call> => ({
  [`numpy.core.${name}`]: call,
  [`numpy._core.${name}`]: call,
});

const arrays: Readonly<Record<string, Call>> = {
  ...ofNumpy('multiarray._reconstruct', numpyArray),
  ...ofNumpy('numeric._frombuffer', numpyFromBuffer),
};

/** A function of torch, an attribute of the class that has them all, or a method of an object of sbi: kept as a name. */
const getattr: Call = ([owner, name]) => {
  const isFunctions = owner instanceof PickleGlobal && owner.name === 'torch._C._VariableFunctionsClass';
  const isObject = owner instanceof PythonObject && owner.className.startsWith('sbi.');
  if (!(isFunctions || isObject) || typeof name !== 'string' || !/^_?[a-z]\w*$/.test(name))
    throw new UnknownGlobal('builtins.getattr', false);
  return new PickleGlobal(`${isObject ? owner.className : 'torch'}.${name}`);
};

/** Dictionaries of other classes. */
const dictionary: Call = (args) => {
  const map = args.find((arg) => arg instanceof Map);
  return map ?? new Map();
};

/** Lists of TorchScript: (the list, its type) */
const first: Call = ([value]) => value;
const typedLists = [
  'restore_type_tag',
  'build_intlist',
  'build_doublelist',
  'build_boollist',
  'build_tensorlist',
];

const calls: Readonly<Record<string, Call>> = {
  ...rebuilders,
  'torch._tensor._rebuild_from_type_v2': fromType,
  'torch.nn.parameter.Parameter': parameter,
  'torch.Size': ([sizes]) => {
    if (!Array.isArray(sizes)) throw wrong('a torch.Size');
    return sizes as unknown[];
  },
  'torch.device': ([type, index]) => {
    if (typeof type !== 'string') throw wrong('a torch.device');
    return typeof index === 'number' ? `${type}:${index}` : type;
  },
  'collections.OrderedDict': orderedDict,
  'collections.Counter': counter,
  'builtins.set': set,
  '__builtin__.set': set,
  'builtins.frozenset': set,
  '__builtin__.frozenset': set,
  '_codecs.encode': encode,
  'numpy.dtype': numpyType,
  ...ofNumpy('multiarray.scalar', ([type, bytes]) => numpyScalar(type, bytes)),
  ...arrays,
  'jax._src.array._reconstruct_array': jaxArray,
  ...Object.fromEntries(typedLists.map((name) => [`torch.jit._pickle.${name}`, first])),
  'builtins.getattr': getattr,
  '__builtin__.getattr': getattr,
  'collections.defaultdict': dictionary,
  'pytorch_lightning.utilities.parsing.AttributeDict': dictionary,
  'lightning.pytorch.utilities.parsing.AttributeDict': dictionary,
  'lightning_fabric.utilities.data.AttributeDict': dictionary,
  'lightning.fabric.utilities.data.AttributeDict': dictionary,
};

/** Names that are kept as names, as arguments of calls or as values. */
const types: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch.storage.UntypedStorage',
  'torch.UntypedStorage',
  'torch.per_tensor_affine',
  'torch.per_channel_affine',
  'numpy.ndarray',
  ...['builtins', '__builtin__'].flatMap((module) => [`${module}.dict`, `${module}.list`]),
  ...Object.keys(dtypes).map((name) => `torch.${name}`),
  ...Object.keys(storageTypes).map((name) => `torch.${name}Storage`),
]);

/** A name that no checkpoint of tensors uses. */
export class UnknownGlobal extends Error {
  override readonly name = 'UnknownGlobal';
  constructor(
    readonly global: string,
    /** The whole file is an object of this class. */
    readonly root: boolean,
  ) {
    super(`${global} is not allowed`);
  }
}

export interface TorchRules extends PickleRules {
  /** The persistent storages, by their key; the same one for each mention of a key. */
  readonly storages: ReadonlyMap<string, Storage>;
  /** @throws UnknownGlobal for a name that was mentioned, and that is not among those that may be. */
  refuseUnknown(mayBe: readonly string[]): void;
}

/**
 * @param nested reads what torch.storage._load_from_bytes is given: a storage, saved by itself, as plain pickles have them;
 * undefined where there are none
 */
export function torchRules(nested?: (bytes: Uint8Array) => Storage): TorchRules {
  const budget = { left: largestCopies };
  const storages = new Map<string, Storage>();
  /** Unknown names in plain pickles, which may mention functions of their user's; none of them is called. */
  const unknown = new Map<string, boolean>();
  const isNested = (name: string) => nested !== undefined && name === 'torch.storage._load_from_bytes';
  return {
    storages,
    allow(name, root) {
      if (Object.hasOwn(calls, name) || types.has(name) || isReadClass(name) || isReadName(name)) return;
      if (isNested(name)) return;
      if (nested === undefined) throw new UnknownGlobal(name, root);
      unknown.set(name, root);
    },
    refuseUnknown(mayBe) {
      for (const [name, root] of unknown) if (!mayBe.includes(name)) throw new UnknownGlobal(name, root);
    },
    call(name, args) {
      if (unknown.has(name)) throw new UnknownGlobal(name, unknown.get(name)!);
      if (isReadClass(name)) return new PythonObject(name, args);
      if (isNested(name)) {
        const [bytes] = args;
        if (!(bytes instanceof Uint8Array)) throw wrong('a storage');
        return nested!(bytes);
      }
      if (!Object.hasOwn(calls, name)) throw new UnknownGlobal(name, false);
      return calls[name]!(args, budget);
    },
    setState(object, state) {
      if (object instanceof NumpyType) {
        // (version, byte order, …); the rest is about structures, which are not plain numbers.
        if (!Array.isArray(state)) throw wrong('a numpy type');
        object.littleEndian = state[1] !== '>';
      } else if (object instanceof NumpyArray) {
        fillArray(object, state);
      } else if (object instanceof PythonObject) {
        setAttributes(object, state);
      } else if (!(object instanceof Map) && !(object instanceof Tensor)) {
        throw new PickleError('it sets attributes of something that has none');
      }
      // What remains is a state dict's `_metadata`, versions of its modules, and attributes that were set on a tensor.
    },
    /** ("storage", type, key, device, number of values), or ("module", class, file, source) before PyTorch 1.6 */
    persistent(id) {
      const [kind, type, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
      if (kind === 'module' && type instanceof PickleGlobal) return type;
      if (
        kind !== 'storage' ||
        !(type instanceof PickleGlobal) ||
        typeof key !== 'string' ||
        !isSize(length) ||
        (view ?? null) !== null
      ) {
        throw new PickleError('a storage in it is not described as known');
      }
      const known = storages.get(key);
      const dtype = type.name.endsWith('.UntypedStorage')
        ? undefined
        : named(storageTypes, type.name.replace(/^torch\.|Storage$/g, ''));
      if (dtype === undefined && !type.name.endsWith('.UntypedStorage'))
        throw new PickleError(`a storage in it is of the type ${type.name}`);
      if (known?.dtype === dtype && known?.length === length) return known;
      const storage = new Storage(key, dtype, length);
      if (!known) storages.set(key, storage);
      return storage;
    },
  };
}
