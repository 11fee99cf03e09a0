/**
 * Large inputs go through a flow in batches, so that memory stays bounded by the batch and the result, and that one does
 * not take so long that others have to wait or cannot cancel it. Their size follows from the flow alone: results do not
 * depend on how busy a machine is, not even in their last digits.
 */
import { breathe } from './breathe';
import { sizeOf } from '../../base/shape';
import type { FlowRunner } from './runner';

export interface BatchOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Multiplications in a batch, roughly: a fraction of a second on a few cores. */
const batchWork = 8e10;

/** Examples in a batch: the conditioners' feature maps decide how much memory one takes, and the parameters how long. */
export function batchSize({
  inputShape,
  parameterCount = 0,
}: Pick<FlowRunner, 'inputShape' | 'parameterCount'>): number {
  const image = inputShape.length === 3;
  const [height, width] = image ? (inputShape as [number, number]) : [1, 1];
  const inMemory = image
    ? Math.max(4, Math.min(256, Math.floor(65_536 / (height * width))))
    : Math.max(16, Math.min(4096, Math.floor(262_144 / sizeOf(inputShape))));
  // Each parameter of a convolution is used at each place; a little less after squeezes.
  const inTime = Math.floor(batchWork / Math.max(1, parameterCount * height * width));
  return Math.max(1, Math.min(inMemory, inTime));
}

/** Most examples in a batch that is normalized by its own statistics; of fewer than these they would say little. */
export function statisticsBatch(runner: Parameters<typeof batchSize>[0]): number {
  return Math.max(32, batchSize(runner));
}

/** Calls `fn` for one range after the other, and lets others have their turn before each. @throws CancelledError */
export async function inBatches(
  count: number,
  runner: Pick<FlowRunner, 'inputShape' | 'parameterCount'>,
  options: BatchOptions,
  fn: (start: number, count: number) => Promise<void>,
): Promise<void> {
  const size = batchSize(runner);
  for (let start = 0; start < count; start += size) {
    await breathe(options.signal);
    await fn(start, Math.min(size, count - start));
    options.onProgress?.(Math.min(count, start + size), count);
  }
}
