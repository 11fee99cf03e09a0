/** Archives: their entries by what these are, and what the directory says of sizes, checksums and names. */
import { unzipSync, zipSync, type Zippable } from 'fflate';
import { mutateBytes } from './bytes';
import { extremes, pick, type Mutator } from './mutator';

/** Places of the fields in a header, after its signature. */
const fields = {
  local: { signature: 0x04034b50, at: [4, 6, 8, 14, 18, 22, 26, 28] },
  central: { signature: 0x02014b50, at: [8, 10, 16, 20, 24, 28, 30, 32, 42] },
  end: { signature: 0x06054b50, at: [8, 10, 12, 16, 20] },
};

const header: Mutator = (bytes, random) => {
  const { signature, at } = pick(random, Object.values(fields));
  const places: number[] = [];
  for (let i = 0; i + 46 < bytes.length + 24; i++) {
    if (i + 22 <= bytes.length && bytes.readUInt32LE(i) === signature) places.push(i);
  }
  if (places.length === 0) return mutateBytes(bytes, random);
  const place = pick(random, places) + pick(random, at);
  if (place + 4 > bytes.length) return mutateBytes(bytes, random);
  const out = Buffer.from(bytes);
  const before = out.readUInt32LE(place);
  out.writeUInt32LE(
    Number(
      BigInt.asUintN(
        32,
        random.integer(2) === 0 ? BigInt(pick(random, extremes)) : BigInt(before) + pick(random, [-1n, 1n]),
      ),
    ),
    place,
  );
  return out;
};

/** Bytes of an entry that is unpacked to be changed, whatever a header says after an earlier change. */
const largestEntry = 2 ** 24;

/** @param inside how an entry of this name is changed */
export function mutateZip(inside: (name: string) => Mutator): Mutator {
  return (bytes, random) => {
    const kind = random.integer(6);
    if (kind === 0) return mutateBytes(bytes, random);
    if (kind === 1) return header(bytes, random);
    let entries: Zippable;
    try {
      entries = unzipSync(bytes, { filter: ({ originalSize }) => originalSize <= largestEntry });
    } catch {
      return mutateBytes(bytes, random);
    }
    const names = Object.keys(entries);
    if (names.length === 0) return header(bytes, random);
    const name = pick(random, names);
    const other = pick(random, names);
    const content = entries[name] as Uint8Array;
    if (kind === 2) {
      Reflect.deleteProperty(entries, name);
      if (random.integer(2) === 0) entries[pick(random, [other, `../${name}`, `/${name}`, 'x'])] = content;
    } else {
      entries[name] = inside(name)(Buffer.from(content), random);
    }
    return Buffer.from(zipSync(entries, { level: random.integer(3) === 0 ? 6 : 0 }));
  };
}
