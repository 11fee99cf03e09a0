/** Any file: bytes flipped, cut, doubled and exchanged, and integers at any place replaced. */
import type { RandomStream } from '../../../src/data/random';
import { extremes, pick, type Mutator } from './mutator';

/** A place in the file. Headers and directories are at its ends, so that half of the places are there. */
function placeIn(length: number, random: RandomStream): number {
  if (length === 0) return 0;
  const near = Math.min(length, pick(random, [16, 64, 256]));
  const where = random.integer(4);
  if (where === 0) return random.integer(near);
  if (where === 1) return length - 1 - random.integer(near);
  return random.integer(length);
}

function chunkOf(bytes: Buffer, random: RandomStream): [start: number, end: number] {
  const start = placeIn(bytes.length, random);
  return [start, Math.min(bytes.length, start + 1 + random.integer(pick(random, [1, 4, 16, 256])))];
}

const flip: Mutator = (bytes, random) => {
  const out = Buffer.from(bytes);
  if (out.length > 0) out[placeIn(out.length, random)]! ^= 1 << random.integer(8);
  return out;
};

const anyByte: Mutator = (bytes, random) => {
  const out = Buffer.from(bytes);
  if (out.length > 0) out[placeIn(out.length, random)] = random.integer(256);
  return out;
};

const cutEnd: Mutator = (bytes, random) => bytes.subarray(0, placeIn(bytes.length, random));

const remove: Mutator = (bytes, random) => {
  const [start, end] = chunkOf(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

const double: Mutator = (bytes, random) => {
  const [start, end] = chunkOf(bytes, random);
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
};

/** A chunk over another place. */
const copy: Mutator = (bytes, random) => {
  const [start, end] = chunkOf(bytes, random);
  const out = Buffer.from(bytes);
  bytes.copy(out, placeIn(bytes.length, random), start, end);
  return out;
};

const number: Mutator = (bytes, random) => {
  const size = pick(random, [1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const out = Buffer.from(bytes);
  const value = BigInt.asUintN(64, BigInt(pick(random, extremes)));
  const written = Buffer.alloc(8);
  written.writeBigUInt64LE(value);
  const little = written.subarray(0, size);
  (random.integer(2) === 0 ? little : Buffer.from(little).reverse()).copy(
    out,
    Math.min(placeIn(out.length, random), out.length - size),
  );
  return out;
};

export const mutateBytes: Mutator = (bytes, random) =>
  pick(random, [flip, flip, anyByte, cutEnd, remove, double, copy, number, number, number])(bytes, random);

/** Bytes that mean something in the format, written over one or put before it. */
export function withWords(words: readonly (number | string)[]): Mutator {
  return (bytes, random) => {
    if (random.integer(2) === 0) return mutateBytes(bytes, random);
    const word = pick(random, words);
    const written = typeof word === 'number' ? Buffer.of(word) : Buffer.from(word, 'latin1');
    const at = random.integer(bytes.length + 1);
    const after = random.integer(2) === 0 ? at : at + written.length;
    return Buffer.concat([bytes.subarray(0, at), written, bytes.subarray(after)]);
  };
}
