import { indexRange, type Examples } from './dataset';

/** Examples from the first to the last, `rows` at a time in their order; the next block is read while one is worked on. */
export async function* blocks(
  { count: all, read: readRows }: Pick<Examples, 'count' | 'read'>,
  rows: number,
): AsyncGenerator<{ start: number; count: number; values: Float32Array }> {
  const read = (start: number): Promise<Float32Array> | undefined => {
    if (start >= all) return undefined;
    const values = readRows(indexRange(start, Math.min(rows, all - start)));
    // The caller that awaits it sees the error; no caller does if it stops early.
    values.catch(() => undefined);
    return values;
  };
  let next = read(0);
  for (let start = 0; next; start += rows) {
    const values = await next;
    next = read(start + rows);
    yield { start, count: Math.min(rows, all - start), values };
  }
}
