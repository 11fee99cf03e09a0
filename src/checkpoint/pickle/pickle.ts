/**
 * Reads Python's pickle format, protocols 2 to 5, as plain data. A pickle is a program for a stack machine that may name
 * any function of Python and call it. Here a name is only a name, and `build` decides what a call of it gives:
 * there is nothing that could be run.
 *
 * Written after the documentation in Lib/pickletools.py of CPython. Opcodes of protocols 0 and 1 that hold numbers as
 * text, extension codes and out-of-band buffers are left out: torch.save never writes them.
 */

import { entryOf } from '../../base/kept';

/** A name such as `collections.OrderedDict`, not resolved to anything. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

export interface PickleRules {
  /**
   * Called once for each name that the pickle uses.
   * @param root whether nothing was read before it, so that the whole pickle is an object of this class
   * @throws when the name is not allowed
   */
  allow(name: string, root: boolean): void;
  /** What a call gives. @throws when it is not allowed or has wrong arguments */
  call(callee: string, args: readonly unknown[]): unknown;
  /** Sets the state of an object that `call` gave. @throws when it is not allowed */
  setState(object: unknown, state: unknown): void;
  /** Resolves a reference to something outside of the pickle. */
  persistent(id: unknown): unknown;
}

/** What makes a pickle unreadable, in a few words that can follow "the pickle is damaged:". */
export class PickleError extends Error {
  override readonly name = 'PickleError';
}

/**
 * Values on the stack at the same time. Dictionaries are filled in batches of a thousand, tuples at once; no checkpoint
 * comes near this.
 */
const largestStack = 1_000_000;
/** Containers, bytes and results of calls, and entries of the memo. A few hundred bytes each; checkpoints have thousands. */
const mostObjects = 1_000_000;
/** Values of any kind; most are in a container. A state dict has some thirty for each tensor. */
const mostValues = 10_000_000;
/** Bytes of one integer: 2^8191 is more than any number in a checkpoint. */
const largestInteger = 1024;

/** The opcode that ends a pickle. */
const stop = 0x2e;

/** What items can be put into. */
type Container = unknown[] | Map<unknown, unknown> | Set<unknown>;

/**
 * @returns null, booleans, numbers, bigints beyond 2^53, strings, bytes (Uint8Array), arrays (lists and tuples),
 * Map (dictionaries), Set, PickleGlobal, and whatever the rules give. Can be cyclic.
 * @throws PickleError when it is damaged or uses an opcode that is not known here; errors of the rules
 */
export function readPickle(bytes: Uint8Array, rules: PickleRules): unknown {
  return readPickleAt(bytes, 0, rules).value;
}

/**
 * One of several pickles in a row.
 * @param begin where it starts
 * @returns its value, as readPickle gives it, and where the next one starts
 */
export function readPickleAt(
  bytes: Uint8Array,
  begin: number,
  rules: PickleRules,
): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const stack: unknown[] = [];
  /** Heights of the stack where MARK stood. */
  const marks: number[] = [];
  const memo = new Map<number, unknown>();
  const globals = new Map<string, PickleGlobal>();
  let at = begin;

  const take = (count: number): number => {
    const begin = at;
    if (count > bytes.length - at) throw new PickleError('it ends too early');
    at += count;
    return begin;
  };
  const uint8 = () => view.getUint8(take(1));
  const uint16 = () => view.getUint16(take(2), true);
  const uint32 = () => view.getUint32(take(4), true);
  const uint64 = () => {
    const value = view.getBigUint64(take(8), true);
    if (value > BigInt(bytes.length)) throw new PickleError('it ends too early');
    return Number(value);
  };
  const slice = (count: number) => {
    const begin = take(count);
    return bytes.subarray(begin, begin + count);
  };
  const text = (count: number) => {
    try {
      return utf8.decode(slice(count));
    } catch (error) {
      if (error instanceof PickleError) throw error;
      throw new PickleError('a text in it is not valid UTF-8');
    }
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new PickleError('it ends too early');
    const value = text(end - at);
    at = end + 1;
    return value;
  };

  let values = 0;
  const push = (value: unknown) => {
    if (++values > mostValues) throw new PickleError(`it has more than ${mostValues} values`);
    if (stack.length >= largestStack) throw new PickleError('it needs too deep a stack');
    stack.push(value);
  };
  let objects = 0;
  const pushNew = (value: unknown) => {
    if (++objects > mostObjects) throw new PickleError(`it makes more than ${mostObjects} objects`);
    push(value);
  };
  const bottom = () => marks[marks.length - 1] ?? 0;
  /** For so many values on the stack. */
  const need = (count: number) => {
    if (stack.length - bottom() < count) throw new PickleError('it takes more from its stack than is there');
  };
  const pop = (): unknown => {
    need(1);
    return stack.pop();
  };
  const top = (): unknown => {
    need(1);
    return stack[stack.length - 1];
  };
  const popMark = (): unknown[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new PickleError('it lacks a mark');
    return stack.splice(mark);
  };
  const popTuple = (count: number) => {
    need(count);
    return stack.splice(stack.length - count);
  };
  const container = <C extends Container>(value: unknown, kind: new () => C): C => {
    if (!(value instanceof kind)) throw new PickleError('it puts items into something that holds none');
    return value;
  };
  const fill = (map: Map<unknown, unknown>, items: readonly unknown[]) => {
    if (items.length % 2 !== 0) throw new PickleError('a dictionary in it has a key without a value');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
    return map;
  };
  const store = (index: number) => {
    if (memo.size >= mostObjects && !memo.has(index))
      throw new PickleError(`it remembers more than ${mostObjects} values`);
    memo.set(index, top());
  };
  const recall = (index: number) => {
    if (!memo.has(index)) throw new PickleError('it refers to something that was not stored');
    push(memo.get(index));
  };
  const global = (module: string, name: string) => {
    const full = `${module}.${name}`;
    const known = entryOf(globals, full, () => {
      rules.allow(full, stack.length === 0);
      return new PickleGlobal(full);
    });
    push(known);
  };
  const reduce = () => {
    const [callee, args] = popTuple(2);
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args))
      throw new PickleError('it calls something that is no function');
    pushNew(rules.call(callee.name, args));
  };

  const opcodes: Readonly<Record<number, () => void>> = {
    // PROTO
    0x80: () => {
      const protocol = uint8();
      if (protocol < 2 || protocol > 5) throw new PickleError(`protocol ${protocol} is not known`);
    },
    0x95: uint64, // FRAME: a hint for readers of streams

    // MARK
    0x28: () => {
      if (marks.length >= largestStack) throw new PickleError('it needs too deep a stack');
      marks.push(stack.length);
    },
    // POP takes a mark too
    0x30: () => {
      if (marks.length > 0 && stack.length === bottom()) marks.pop();
      else pop();
    },
    0x31: popMark, // POP_MARK
    0x32: () => push(top()), // DUP

    0x4e: () => push(null), // NONE
    0x88: () => push(true), // NEWTRUE
    0x89: () => push(false), // NEWFALSE
    0x4a: () => push(view.getInt32(take(4), true)), // BININT
    0x4b: () => push(uint8()), // BININT1
    0x4d: () => push(uint16()), // BININT2
    0x8a: () => push(integer(slice(uint8()))), // LONG1
    0x8b: () => push(integer(slice(uint32()))), // LONG4
    0x47: () => push(view.getFloat64(take(8), false)), // BINFLOAT, the only number that is big-endian

    0x58: () => push(text(uint32())), // BINUNICODE
    0x8c: () => push(text(uint8())), // SHORT_BINUNICODE
    0x8d: () => push(text(uint64())), // BINUNICODE8
    0x54: () => push(text(uint32())), // BINSTRING, text of Python 2
    0x55: () => push(text(uint8())), // SHORT_BINSTRING
    0x42: () => pushNew(slice(uint32())), // BINBYTES
    0x43: () => pushNew(slice(uint8())), // SHORT_BINBYTES
    0x8e: () => pushNew(slice(uint64())), // BINBYTES8
    0x96: () => pushNew(slice(uint64())), // BYTEARRAY8

    0x5d: () => pushNew([]), // EMPTY_LIST
    0x29: () => pushNew([]), // EMPTY_TUPLE
    0x85: () => pushNew(popTuple(1)), // TUPLE1
    0x86: () => pushNew(popTuple(2)), // TUPLE2
    0x87: () => pushNew(popTuple(3)), // TUPLE3
    0x74: () => pushNew(popMark()), // TUPLE
    0x6c: () => pushNew(popMark()), // LIST
    // APPEND
    0x61: () => {
      const item = pop();
      container<unknown[]>(top(), Array).push(item);
    },
    // APPENDS
    0x65: () => {
      const items = popMark();
      const list = container<unknown[]>(top(), Array);
      for (const item of items) list.push(item);
    },
    0x7d: () => pushNew(new Map()), // EMPTY_DICT
    0x64: () => pushNew(fill(new Map(), popMark())), // DICT
    // SETITEM
    0x73: () => {
      const items = popTuple(2);
      fill(container<Map<unknown, unknown>>(top(), Map), items);
    },
    // SETITEMS
    0x75: () => {
      const items = popMark();
      fill(container<Map<unknown, unknown>>(top(), Map), items);
    },
    0x8f: () => pushNew(new Set()), // EMPTY_SET
    // ADDITEMS
    0x90: () => {
      const items = popMark();
      const set = container<Set<unknown>>(top(), Set);
      for (const item of items) set.add(item);
    },
    0x91: () => pushNew(new Set(popMark())), // FROZENSET

    0x63: () => global(line(), line()), // GLOBAL
    // STACK_GLOBAL
    0x93: () => {
      const [module, name] = popTuple(2);
      if (typeof module !== 'string' || typeof name !== 'string')
        throw new PickleError('a name in it is no text');
      global(module, name);
    },
    0x52: reduce, // REDUCE
    0x81: reduce, // NEWOBJ: a call of the class without its initializer; the same for what the rules know
    // NEWOBJ_EX: the same with keyword arguments, which no class that is known takes
    0x92: () => {
      const keywords = pop();
      if (!(keywords instanceof Map) || keywords.size > 0)
        throw new PickleError('it calls a class with keyword arguments');
      reduce();
    },
    // BUILD
    0x62: () => {
      const state = pop();
      rules.setState(top(), state);
    },
    0x51: () => pushNew(rules.persistent(pop())), // BINPERSID

    0x71: () => store(uint8()), // BINPUT
    0x72: () => store(uint32()), // LONG_BINPUT
    0x94: () => store(memo.size), // MEMOIZE
    0x68: () => recall(uint8()), // BINGET
    0x6a: () => recall(uint32()), // LONG_BINGET
  };

  for (let opcode = uint8(); opcode !== stop; opcode = uint8()) {
    const run = opcodes[opcode];
    if (!run)
      throw new PickleError(
        `the opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at - 1} is not known`,
      );
    run();
  }
  const value = pop();
  if (stack.length > 0 || marks.length > 0) throw new PickleError('it leaves values over');
  return { value, end: at };
}

/** Two's complement, little-endian. */
function integer(bytes: Uint8Array): number | bigint {
  if (bytes.length > largestInteger) throw new PickleError('an integer in it is too long');
  if (bytes.length === 0) return 0;
  const digits = Buffer.from(bytes.toReversed()).toString('hex');
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
