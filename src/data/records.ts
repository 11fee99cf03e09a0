/** Examples as records of one size, in memory or in a file. */
import type { ByteSource } from './byte-source';
import { checkIndices, type Examples, type Labels } from './dataset';

export interface RecordLayout {
  count: number;
  /** Bytes before the first record. */
  offset: number;
  /** Bytes of each record; by default one for each value. */
  stride?: number;
  /** Values of an example. */
  size: number;
  /** Writes the `size` values of the record at byte `start` to `out` from `to` on; by default its bytes. */
  decode?(bytes: Uint8Array, start: number, out: Float32Array, to: number, index: number): void;
  labels?: Labels;
}

/** Records that are at most this far apart are read at once. */
const largestGap = 2 ** 14;
const largestRead = 2 ** 20;
/** Bytes that are asked for at the same time. */
const inFlight = 2 ** 24;

export function recordExamples(source: ByteSource, layout: RecordLayout): Examples {
  const { count, offset, size, stride = size, labels } = layout;
  const asBytes: NonNullable<RecordLayout['decode']> = (bytes, start, out, to) =>
    out.set(bytes.subarray(start, start + size), to);
  const decode = layout.decode ?? asBytes;
  return {
    count,
    size,
    ...(labels ? { labels } : {}),
    async read(indices, { signal } = {}) {
      checkIndices(indices, count);
      signal?.throwIfAborted();
      const out = new Float32Array(indices.length * size);
      const { memory } = source;
      if (memory) {
        for (let i = 0; i < indices.length; i++) {
          decode(memory, offset + indices[i]! * stride, out, i * size, indices[i]!);
        }
        return out;
      }
      await inTurn(runs(indices, stride), async ({ first, last, positions }) => {
        signal?.throwIfAborted();
        const bytes = await source.read(offset + first * stride, (last + 1 - first) * stride);
        for (const position of positions) {
          const index = indices[position]!;
          decode(bytes, (index - first) * stride, out, position * size, index);
        }
        return bytes.length;
      });
      return out;
    },
  };
}

interface Run {
  first: number;
  last: number;
  /** Where the records are wanted, by position in the list of indices. */
  positions: number[];
  bytes: number;
}

/** Stretches of the file that hold the wanted records. */
function runs(indices: ArrayLike<number>, stride: number): Run[] {
  const positions = Uint32Array.from({ length: indices.length }, (_, i) => i).sort(
    (a, b) => indices[a]! - indices[b]!,
  );
  const all: Run[] = [];
  let run: Run | undefined;
  for (const position of positions) {
    const index = indices[position]!;
    const near =
      run !== undefined &&
      (index - run.last - 1) * stride <= largestGap &&
      (index + 1 - run.first) * stride <= largestRead;
    if (run && near) {
      run.last = index;
      run.bytes = (index + 1 - run.first) * stride;
      run.positions.push(position);
    } else {
      run = { first: index, last: index, positions: [position], bytes: stride };
      all.push(run);
    }
  }
  return all;
}

/** So many at once that their bytes stay bounded. */
async function inTurn(all: readonly Run[], work: (run: Run) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < all.length;) {
    const together: Promise<unknown>[] = [];
    for (let bytes = 0; i < all.length && (together.length === 0 || bytes < inFlight); i++) {
      bytes += all[i]!.bytes;
      together.push(work(all[i]!));
    }
    await Promise.all(together);
  }
}

/** Several sources one after the other. */
export function joined(parts: readonly Examples[]): Examples {
  if (parts.length === 1) return parts[0]!;
  const starts: number[] = [];
  let count = 0;
  for (const part of parts) {
    starts.push(count);
    count += part.count;
  }
  const size = parts[0]?.size ?? 0;
  const partOf = (index: number): number => {
    let part = 0;
    while (part + 1 < starts.length && starts[part + 1]! <= index) part++;
    return part;
  };
  const labelled = parts.every((part) => part.labels);
  const areCropped = parts.every((part) => part.whole);
  return {
    count,
    size,
    ...(labelled && {
      labels: {
        length: count,
        at(index) {
          if (!(index >= 0 && index < count)) return undefined;
          const part = partOf(index);
          return parts[part]!.labels!.at(index - starts[part]!);
        },
      },
    }),
    ...(areCropped ? { whole: (index) => parts[partOf(index)]!.whole!(index - starts[partOf(index)]!) } : {}),
    async read(indices, options = {}) {
      checkIndices(indices, count);
      const out = new Float32Array(indices.length * size);
      const positionsByPart = parts.map((): number[] => []);
      for (let i = 0; i < indices.length; i++) positionsByPart[partOf(indices[i]!)]!.push(i);
      await Promise.all(
        parts.map(async (part, p) => {
          const positions = positionsByPart[p]!;
          if (positions.length === 0) return;
          const { crops } = options;
          const values = await part.read(
            positions.map((position) => indices[position]! - starts[p]!),
            {
              ...options,
              ...(crops && {
                crops: Float32Array.from(positions.flatMap((q) => [crops[2 * q]!, crops[2 * q + 1]!])),
              }),
            },
          );
          positions.forEach((position, i) => {
            out.set(values.subarray(i * size, (i + 1) * size), position * size);
          });
        }),
      );
      return out;
    },
  };
}

/** Examples that are in memory already: rows of `values`. */
export function memoryExamples(values: Float32Array | Uint8Array, size: number, labels?: Labels): Examples {
  const count = size === 0 ? 0 : Math.floor(values.length / size);
  return {
    count,
    size,
    ...(labels ? { labels } : {}),
    async read(indices) {
      checkIndices(indices, count);
      const out = new Float32Array(indices.length * size);
      for (let i = 0; i < indices.length; i++) {
        out.set(values.subarray(indices[i]! * size, (indices[i]! + 1) * size), i * size);
      }
      return out;
    },
  };
}
