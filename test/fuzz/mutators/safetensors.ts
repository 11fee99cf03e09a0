import { mutateBytes } from './bytes';
import type { Mutator } from './mutator';
import { mutateTree, toText } from './tree';

/** The header as JSON, of the length that it then has; in one of four cases any bytes. */
export const mutateSafetensors: Mutator = (bytes, random) => {
  if (random.integer(4) === 0 || bytes.length < 8) return mutateBytes(bytes, random);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  try {
    const header: unknown = JSON.parse(bytes.toString('utf8', 8, end));
    mutateTree(header, random);
    const text = Buffer.from(toText(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, bytes.subarray(end)]);
  } catch {
    return mutateBytes(bytes, random);
  }
};
