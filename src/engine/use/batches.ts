/** Large inputs go through a flow in batches, so that memory stays bounded by the batch and the result. */
import { CancelledError } from '../../protocol/wire';
import { sizeOf } from './runner';

export interface BatchOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Examples in a batch: the conditioners' feature maps decide how much memory one takes. */
export function batchSize(inputShape: readonly number[]): number {
  const [height = 1, width = 1] = inputShape;
  if (inputShape.length === 3) return Math.max(4, Math.min(256, Math.floor(65_536 / (height * width))));
  return Math.max(16, Math.min(4096, Math.floor(262_144 / sizeOf(inputShape))));
}

/** Calls `fn` for one range after the other. @throws CancelledError */
export async function inBatches(
  count: number,
  size: number,
  options: BatchOptions,
  fn: (start: number, count: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < count; start += size) {
    if (options.signal?.aborted) throw new CancelledError();
    await fn(start, Math.min(size, count - start));
    options.onProgress?.(Math.min(count, start + size), count);
  }
}
