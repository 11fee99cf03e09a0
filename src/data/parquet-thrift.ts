/**
 * Whether a structure of a Parquet file (Thrift's compact protocol) can be decoded. The library makes each list as long as the
 * file says and reads numbers of any length, so both are looked at before.
 */

/** Fields and items of lists; a wide table with many row groups has some hundred thousand. */
const mostParts = 2_000_000;
const deepest = 64;
const longestNumber = 10;

const [booleanTrue, booleanFalse, byte, int16, int32, int64, double, binary, list, struct] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
];

/** @returns where the structure that begins at `start` ends. @throws Error for one that is damaged or far too large */
export function endOfStruct(bytes: Uint8Array, start: number): number {
  let at = start;
  let parts = 0;
  const next = (): number => {
    if (at >= bytes.length) throw new Error('it ends within a header');
    return bytes[at++]!;
  };
  const number = (): number => {
    let value = 0;
    for (let length = 1; ; length++) {
      if (length > longestNumber) throw new Error(`a number has more than ${longestNumber} bytes`);
      const part = next();
      value += (part & 0x7f) * 2 ** (7 * (length - 1));
      if (part < 0x80) return value;
    }
  };
  const skip = (length: number): void => {
    if (length > bytes.length - at) throw new Error('it ends within a header');
    at += length;
  };
  const walkList = (depth: number): void => {
    const head = next();
    const items = head >> 4 === 15 ? number() : head >> 4;
    // Each item has a byte at least.
    if (items > bytes.length - at) throw new Error(`a list of ${items} items does not fit in it`);
    const kind = head & 0x0f;
    for (let i = 0; i < items; i++) walk(kind === booleanTrue || kind === booleanFalse ? byte : kind, depth);
  };
  const walk = (kind: number, depth: number): void => {
    if (++parts > mostParts) throw new Error(`its headers have more than ${mostParts} parts`);
    if (depth > deepest) throw new Error(`its headers are nested more than ${deepest} deep`);
    if (kind === byte) skip(1);
    else if (kind === int16 || kind === int32 || kind === int64) number();
    else if (kind === double) skip(8);
    else if (kind === binary) skip(number());
    else if (kind === list) walkList(depth + 1);
    else if (kind === struct) walkStruct(depth + 1);
    else if (kind !== booleanTrue && kind !== booleanFalse)
      throw new Error(`a field is of unknown type ${kind}`);
  };
  const walkStruct = (depth: number): void => {
    for (let head = next(); (head & 0x0f) !== 0; head = next()) {
      if (head >> 4 === 0) number();
      walk(head & 0x0f, depth);
    }
  };
  walkStruct(0);
  return at;
}
