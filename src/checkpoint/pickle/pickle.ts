import { entryOf } from '../../base/kept';
/**
 * Reads Python's pickle format, protocols 2 to 5, as plain data. A pickle is a program for a stack machine that may name
 * any function of Python and call it. Here a name is only a name, and `build` decides what a call of it gives:
 * there is nothing that could be run.
 *
 * Written after the documentation in Lib/pickletools.py of CPython. Opcodes of protocols 0 and 1 that hold numbers as
 * text, extension codes and out-of-band buffers are left out: torch.save never writes them.
 */

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
  const pop = (): unknown => {
    if (stack.length <= bottom()) throw new PickleError('it takes more from its stack than is there');
    return stack.pop();
  };
  const top = (): unknown => {
    if (stack.length <= bottom()) throw new PickleError('it takes more from its stack than is there');
    return stack[stack.length - 1];
  };
  const popMark = (): unknown[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new PickleError('it lacks a mark');
    return stack.splice(mark);
  };
  const popTuple = (count: number) => {
    if (stack.length - bottom() < count) throw new PickleError('it takes more from its stack than is there');
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
  const call = (callee: unknown, args: unknown) => {
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args)) {
      throw new PickleError('it calls something that is no function');
    }
    pushNew(rules.call(callee.name, args));
  };

  for (;;) {
    const opcode = uint8();
    switch (opcode) {
      case 0x80: {
        const protocol = uint8();
        if (protocol < 2 || protocol > 5) throw new PickleError(`protocol ${protocol} is not known`);
        break;
      }
      case 0x95: // FRAME: a hint for readers of streams
        uint64();
        break;
      case 0x2e: {
        // STOP
        const value = pop();
        if (stack.length > 0 || marks.length > 0) throw new PickleError('it leaves values over');
        return { value, end: at };
      }

      case 0x28: // MARK
        if (marks.length >= largestStack) throw new PickleError('it needs too deep a stack');
        marks.push(stack.length);
        break;
      case 0x30: // POP takes a mark too
        if (marks.length > 0 && stack.length === bottom()) marks.pop();
        else pop();
        break;
      case 0x31: // POP_MARK
        popMark();
        break;
      case 0x32: // DUP
        push(top());
        break;

      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
        push(true);
        break;
      case 0x89: // NEWFALSE
        push(false);
        break;
      case 0x4a: // BININT
        push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        push(uint8());
        break;
      case 0x4d: // BININT2
        push(uint16());
        break;
      case 0x8a: // LONG1
        push(integer(slice(uint8())));
        break;
      case 0x8b: // LONG4
        push(integer(slice(uint32())));
        break;
      case 0x47: // BINFLOAT, the only number that is big-endian
        push(view.getFloat64(take(8), false));
        break;

      case 0x58: // BINUNICODE
        push(text(uint32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        push(text(uint8()));
        break;
      case 0x8d: // BINUNICODE8
        push(text(uint64()));
        break;
      case 0x54: // BINSTRING, text of Python 2
        push(text(uint32()));
        break;
      case 0x55: // SHORT_BINSTRING
        push(text(uint8()));
        break;
      case 0x42: // BINBYTES
        pushNew(slice(uint32()));
        break;
      case 0x43: // SHORT_BINBYTES
        pushNew(slice(uint8()));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        pushNew(slice(uint64()));
        break;

      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        pushNew([]);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        pushNew(popTuple(opcode - 0x84));
        break;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        pushNew(popMark());
        break;
      case 0x61: {
        // APPEND
        const item = pop();
        container<unknown[]>(top(), Array).push(item);
        break;
      }
      case 0x65: {
        // APPENDS
        const items = popMark();
        const list = container<unknown[]>(top(), Array);
        for (const item of items) list.push(item);
        break;
      }
      case 0x7d: // EMPTY_DICT
        pushNew(new Map());
        break;
      case 0x64: // DICT
        pushNew(fill(new Map(), popMark()));
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        const key = pop();
        container<Map<unknown, unknown>>(top(), Map).set(key, value);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = popMark();
        fill(container<Map<unknown, unknown>>(top(), Map), items);
        break;
      }
      case 0x8f: // EMPTY_SET
        pushNew(new Set());
        break;
      case 0x90: {
        // ADDITEMS
        const items = popMark();
        const set = container<Set<unknown>>(top(), Set);
        for (const item of items) set.add(item);
        break;
      }
      case 0x91: // FROZENSET
        pushNew(new Set(popMark()));
        break;

      case 0x63: // GLOBAL
        global(line(), line());
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        const module = pop();
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new PickleError('a name in it is no text');
        global(module, name);
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ: a call of the class without its initializer; the same for what the rules know
        const args = pop();
        call(pop(), args);
        break;
      }
      case 0x92: {
        // NEWOBJ_EX: the same with keyword arguments, which no class that is known takes
        const keywords = pop();
        const args = pop();
        if (!(keywords instanceof Map) || keywords.size > 0) {
          throw new PickleError('it calls a class with keyword arguments');
        }
        call(pop(), args);
        break;
      }
      case 0x62: {
        // BUILD
        const state = pop();
        rules.setState(top(), state);
        break;
      }
      case 0x51: // BINPERSID
        pushNew(rules.persistent(pop()));
        break;

      case 0x71: // BINPUT
        store(uint8());
        break;
      case 0x72: // LONG_BINPUT
        store(uint32());
        break;
      case 0x94: // MEMOIZE
        store(memo.size);
        break;
      case 0x68: // BINGET
        recall(uint8());
        break;
      case 0x6a: // LONG_BINGET
        recall(uint32());
        break;

      default:
        throw new PickleError(
          `the opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at - 1} is not known`,
        );
    }
  }
}

/** Two's complement, little-endian. */
function integer(bytes: Uint8Array): number | bigint {
  if (bytes.length > largestInteger) throw new PickleError('an integer in it is too long');
  if (bytes.length === 0) return 0;
  const digits = Buffer.from(bytes.toReversed()).toString('hex');
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
