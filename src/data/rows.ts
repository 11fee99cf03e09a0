/** Rows of float32 that are written once and read by position. */
import type { RefusedColumn } from '../protocol/data';
import type { Examples, Labels, Resources } from './dataset';
import type { DecimalCommas } from './decimal-comma';
import type { Gaps } from './gaps';
import { recordExamples } from './records';
import { createSpool } from './spool';

/** A table of numbers. */
export interface Rows {
  all: Examples;
  /** Rows of the file, where only the first ones were read; undefined if they were not counted. */
  total?: number;
  featureNames: string[];
  gaps: Gaps;
  /** The places of the columns in the file, from 0: features, then context. */
  columns: number[];
  /** What training refuses, where it was read nevertheless. */
  refused?: RefusedColumn[];
  /** Rows that were left out, since they have another number of columns than the first. */
  ragged?: Ragged;
  /** Columns whose numbers have decimal commas. */
  decimalCommas?: DecimalCommas[];
  labelNames?: string[];
}

export interface Ragged {
  rows: number;
  /** The first of them, its columns, and how many there should be. */
  where: string;
  columns: number;
  expected: number;
}

export type RowWriter = ReturnType<typeof createRowWriter>;

const blockBytes = 2 ** 18;

export function createRowWriter(size: number, resources: Resources) {
  const spool = createSpool(resources);
  const rows = Math.max(1, Math.floor(blockBytes / (4 * size)));
  let block = new Float32Array(rows * size);
  let filled = 0;
  let count = 0;
  const flush = async (): Promise<void> => {
    const full = block.subarray(0, filled);
    filled = 0;
    block = new Float32Array(rows * size);
    await spool.write(new Uint8Array(full.buffer, full.byteOffset, full.byteLength));
  };
  return {
    get count() {
      return count;
    },
    /** Copies a row of `size` values; true when it is time to flush. */
    add(row: Float32Array) {
      if (filled + size > block.length) {
        // Only when the caller did not flush in time.
        const larger = new Float32Array(2 * block.length);
        larger.set(block);
        block = larger;
      }
      block.set(row, filled);
      filled += size;
      count++;
      return filled >= rows * size;
    },
    flush,
    async finish(labels?: Labels) {
      await flush();
      return recordExamples(await spool.finish(), {
        count,
        size,
        offset: 0,
        stride: 4 * size,
        decode: (from, at, out, to) =>
          new Uint8Array(out.buffer, out.byteOffset + 4 * to, 4 * size).set(from.subarray(at, at + 4 * size)),
        ...(labels ? { labels } : {}),
      });
    },
  };
}
