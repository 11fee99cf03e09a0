/** Examples through a program of a flow, as all views of a batch take them. */
import type { Feeds, Program } from '../backends/backend';
import type { ExampleBatch } from '../model/examples';
import type { InspectedFlow } from '../model/inspected-flow';
import { inBatches } from '../model/batches';
import { breathe } from '../model/breathe';

export interface ThroughOptions {
  signal: AbortSignal;
  /** All at once, where they are normalized by their own statistics. */
  whole?: boolean;
  /** What the program takes beside `x`, of the examples of a range. */
  more?: (start: number, count: number) => Feeds;
}

/** Calls `each` with the results of one range of the examples after the other. @throws CancelledError */
export async function throughProgram(
  model: InspectedFlow,
  program: Program,
  { count, x }: Pick<ExampleBatch, 'count' | 'x'>,
  { signal, whole = false, more }: ThroughOptions,
  each: (feeds: Feeds, start: number, count: number) => void,
): Promise<void> {
  const size = model.dimensions;
  const run = async (start: number, n: number): Promise<void> => {
    const feeds = await program.run({
      x: { shape: [n, ...model.flow.inputShape], data: x.subarray(start * size, (start + n) * size) },
      ...more?.(start, n),
    });
    each(feeds, start, n);
  };
  if (whole) {
    await breathe(signal);
    await run(0, count);
  } else {
    await inBatches(count, model.runner, { signal }, run);
  }
}
