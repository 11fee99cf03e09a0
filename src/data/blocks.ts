import { indexRange, type Split } from './dataset';

/**
 * A split from its first to its last example, `rows` at a time in the split's order; the next block is read while one is
 * worked on.
 */
export async function* blocks(
  split: Split,
  rows: number,
): AsyncGenerator<{ start: number; count: number; values: Float32Array }> {
  const read = (start: number): Promise<Float32Array> | undefined => {
    if (start >= split.count) return undefined;
    const values = split.read(indexRange(start, Math.min(rows, split.count - start)));
    // The caller that awaits it sees the error; no caller does if it stops early.
    values.catch(() => undefined);
    return values;
  };
  let next = read(0);
  for (let start = 0; next; start += rows) {
    const values = await next;
    next = read(start + rows);
    yield { start, count: Math.min(rows, split.count - start), values };
  }
}
