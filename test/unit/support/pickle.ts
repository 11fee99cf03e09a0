/** Opcodes of Python's pickle format, to put together what Python would not write. */

const bytes = (...values: number[]) => Uint8Array.of(...values);

export const mark = bytes(0x28);
export const emptyTuple = bytes(0x29);
export const pop = bytes(0x30);
export const none = bytes(0x4e);
export const persistent = bytes(0x51);
export const reduce = bytes(0x52);
export const emptyList = bytes(0x5d);
export const append = bytes(0x61);
export const build = bytes(0x62);
export const list = bytes(0x6c);
export const setItem = bytes(0x73);
export const closeTuple = bytes(0x74);
export const setItems = bytes(0x75);
export const emptyDict = bytes(0x7d);
export const newObject = bytes(0x81);
export const tuple1 = bytes(0x85);
export const tuple2 = bytes(0x86);
const falseValue = bytes(0x89);
export { falseValue as false };
export const stackGlobal = bytes(0x93);

const globalName = (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`);
export { globalName as global };

export const put = (index: number) => bytes(0x71, index);
export const get = (index: number) => bytes(0x68, index);

export function text(value: string): Uint8Array {
  const content = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([bytes(0x58), length, content]);
}

export { bytesOf as bytes };
function bytesOf(content: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([bytes(0x42), length, content]);
}

/** A signed integer of 64 bits. */
export function number(value: number | bigint): Uint8Array {
  const content = Buffer.alloc(8);
  content.writeBigInt64LE(BigInt(value));
  return Buffer.concat([bytes(0x8a, 8), content]);
}

export const tuple = (items: readonly Uint8Array[]) => Buffer.concat([mark, ...items, closeTuple]);

export const storage = (type: string, key: string, length: number) =>
  Buffer.concat([
    tuple([text('storage'), globalName('torch', type), text(key), text('cpu'), number(length)]),
    persistent,
  ]);

export function repeat(part: Uint8Array, times: number): Uint8Array {
  return Buffer.alloc(part.length * times, part);
}

/** The parts as a pickle of protocol 2. */
export function pickle(...parts: (Uint8Array | string)[]): Uint8Array {
  return Buffer.concat([
    bytes(0x80, 2),
    ...parts.map((part) => Buffer.from(part as Uint8Array)),
    bytes(0x2e),
  ]);
}

export type Part = Uint8Array | string;

/** A dictionary with these values. */
export const dict = (...items: [string, ...Part[]][]): Part[] => [
  emptyDict,
  ...items.flatMap(([key, ...value]) => [text(key), ...value, setItem]),
];

/** An object of a class, with the value of its state. */
export const object = (module: string, name: string, ...state: Part[]): Part[] => [
  globalName(module, name),
  emptyTuple,
  newObject,
  ...state,
  build,
];
