import { mutateBytes } from './bytes';
import { pick, type Mutator } from './mutator';
import type { RandomStream } from '../../../src/data/random';
import { mutateTree, toText } from './tree';

interface Entry {
  dtype: string;
  data_offsets: [number, number];
}

/** One tensor as float64, with values that float32 cannot hold. */
const widen: Mutator = (bytes, random) => {
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString('utf8', 8, end)) as Record<
    string,
    Entry
  >;
  const names = Object.keys(header).filter((name) => header[name]!.dtype === 'F32');
  if (names.length === 0) return mutateBytes(bytes, random);
  const { data_offsets: offsets } = header[pick(random, names)]!;
  const [first, last] = offsets;
  // Changed before, they may say anything.
  if (!(last - first <= bytes.length)) return mutateBytes(bytes, random);
  const wide = Buffer.alloc(2 * (last - first));
  for (let at = 0; at < wide.length; at += 8)
    wide.writeDoubleLE(pick(random, [1e308, -1e308, NaN, 1e-320, 0.5]), at);
  for (const entry of Object.values(header)) {
    if (entry.data_offsets === offsets)
      [entry.dtype, entry.data_offsets] = ['F64', [first, first + wide.length]];
    else if (entry.data_offsets[0] >= last)
      entry.data_offsets = entry.data_offsets.map((offset) => offset + last - first) as [number, number];
  }
  return withHeader(
    { ...(metadata ? { __metadata__: metadata } : {}), ...header },
    Buffer.concat([bytes.subarray(end, end + first), wide, bytes.subarray(end + last)]),
  );
};

function withHeader(header: unknown, data: Buffer): Buffer {
  const text = Buffer.from(toText(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** Settings that fit each other, and ask for far more than a small file holds. */
const greedy: readonly object[] = [
  { layer: 'autoregressive', couplings: 1000, hidden: Array<number>(64).fill(1000) },
  { layer: 'autoregressive', hidden: [46000, 46000] },
  { couplings: 1000, hidden: Array<number>(64).fill(65536) },
  { dim: 4096, couplings: 1000, between: 'lu' },
  { base: 65536, blocks: 64 },
  { height: 1024, width: 1024, architecture: 'glow', scales: 8, steps: 64, base: 65536 },
];

/** Of a checkpoint of ours: what its config asks for. */
function askForMore(header: unknown, random: RandomStream): boolean {
  const metadata = (header as { __metadata__?: { config?: string } }).__metadata__;
  if (typeof metadata?.config !== 'string') return false;
  const config = JSON.parse(metadata.config) as { model: object };
  Object.assign(config.model, pick(random, greedy));
  metadata.config = JSON.stringify(config);
  return true;
}

/** The header as JSON, of the length that it then has; in one of four cases any bytes. */
export const mutateSafetensors: Mutator = (bytes, random) => {
  if (random.integer(4) === 0 || bytes.length < 8) return mutateBytes(bytes, random);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  try {
    const header: unknown = JSON.parse(bytes.toString('utf8', 8, end));
    if (random.integer(8) === 0) return widen(bytes, random);
    if (random.integer(8) > 0 || !askForMore(header, random)) mutateTree(header, random);
    return withHeader(header, bytes.subarray(end));
  } catch {
    return mutateBytes(bytes, random);
  }
};
