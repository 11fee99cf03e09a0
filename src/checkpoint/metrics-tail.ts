/** Reads metrics.jsonl as it grows: what was read once is not read again. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import * as v from 'valibot';
import { jsonIn } from '../base/json-parts';
import { readError } from '../files/read';
import { metricsSchema } from './metadata';
import { type MetricsRow, metricNames, type MetricName } from '../protocol/run';

/** Bytes at the start of the file that tell whether it still is the same one; a first line is longer. */
const headBytes = 48;
const readAtOnce = 2 ** 24;
/** Bytes; ours have some hundred. */
export const longestLine = 2 ** 20;

export interface MetricsTail {
  /** Grows when the file was replaced or cut, as a resumed run does, or rows were left out; rows then count from 0 again. */
  readonly source: number;
  readonly rows: number;
  /** Reads what was added since. A torn last line waits until it is whole. A missing file has no rows. */
  refresh(): Promise<void>;
  /** Rows from `start` on, by column; NaN where a row lacks a value, and columns that all of them lack left out. */
  slice(start: number): { steps: Int32Array; columns: Partial<Record<MetricName, Float32Array>> };
}

/** @param mostRows above which curves are drawn from half of them */
export function createMetricsTail(file: string, mostRows = 2 ** 20): MetricsTail {
  let source = 0;
  let read = 0;
  let head: Buffer = Buffer.alloc(0);
  let rest: Buffer = Buffer.alloc(0);
  let inode = 0;
  let rows: MetricsRow[] = [];
  let last: Promise<void> = Promise.resolve();

  const startOver = (): void => {
    source++;
    read = 0;
    head = rest = Buffer.alloc(0);
    rows = [];
  };

  const take = async (handle: FileHandle): Promise<void> => {
    const { size, ino } = await handle.stat();
    const now = await bytes(handle, 0, Math.min(headBytes, size));
    const same = ino === inode && size >= read && now.subarray(0, head.length).equals(head);
    if (!same && (read > 0 || source === 0)) startOver();
    inode = ino;
    head = now;
    // In parts, so that a long file makes no string that is too long; a part may also come short.
    while (read < size) {
      const part = await bytes(handle, read, Math.min(readAtOnce, size - read));
      if (part.length === 0) return;
      read += part.length;
      addLines(Buffer.concat([rest, part]));
    }
  };

  const addLines = (text: Buffer): void => {
    const end = text.lastIndexOf(0x0a) + 1;
    rest = text.length - end > longestLine ? Buffer.alloc(0) : Buffer.from(text.subarray(end));
    for (const line of text.toString('utf8', 0, end).split('\n')) {
      const row = rowOf(line);
      if (row) rows.push(row);
      if (rows.length > mostRows) {
        rows = thinned(rows);
        source++;
      }
    }
  };

  const refresh = async (): Promise<void> => {
    let handle: FileHandle;
    try {
      // Opening a pipe would wait for a process that writes to it.
      handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readError(file, error);
      if (read > 0) startOver();
      return;
    }
    try {
      await take(handle);
    } finally {
      await handle.close();
    }
  };

  return {
    get source() {
      return source;
    },
    get rows() {
      return rows.length;
    },
    // One at a time: two that read the same bytes would add the same rows twice.
    refresh: () => (last = last.catch(() => undefined).then(refresh)),
    slice(start) {
      const part = rows.slice(start);
      const columns: Partial<Record<MetricName, Float32Array>> = {};
      for (const name of metricNames) {
        if (!part.some((row) => row[name] !== undefined)) continue;
        columns[name] = Float32Array.from(part, (row) => row[name] ?? NaN);
      }
      return { steps: Int32Array.from(part, ({ step }) => step), columns };
    },
  };
}

/** Fewer of the rows: every other one, and those with a validation, which are few as a rule. */
function thinned(rows: readonly MetricsRow[]): MetricsRow[] {
  const kept = rows.filter(({ validationNats }, i) => i % 2 === 0 || validationNats !== undefined);
  return kept.length <= (3 / 4) * rows.length ? kept : rows.filter((_, i) => i % 2 === 0);
}

/** Undefined for a line that is not one of our rows. */
export function rowOf(line: string): MetricsRow | undefined {
  const row = v.safeParse(metricsSchema, jsonIn(line));
  return row.success ? row.output : undefined;
}

async function bytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

const linesAtOnce = 2 ** 20;
const lineBreak = 0x0a;

/** The lines of a file, the last one also without a line break; lines of more than `longest` bytes are skipped. */
export async function* linesIn(handle: FileHandle, longest: number): AsyncGenerator<string> {
  const chunk = Buffer.alloc(linesAtOnce);
  let rest = Buffer.alloc(0);
  let tooLong = false;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const last = bytesRead === 0;
    let start = 0;
    while (start < text.length) {
      const breakAt = text.indexOf(lineBreak, start);
      if (breakAt < 0 && !last) break;
      const end = breakAt < 0 ? text.length : breakAt;
      if (!tooLong && end - start <= longest) yield text.toString('utf8', start, end);
      tooLong = false;
      start = end + 1;
    }
    if (last) return;
    tooLong ||= text.length - start > longest;
    rest = tooLong ? Buffer.alloc(0) : text.subarray(start);
  }
}
