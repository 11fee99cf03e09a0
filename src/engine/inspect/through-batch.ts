/** Examples through a flow, as all views of a batch take them. */
import type { ExampleBatch } from '../model/examples';
import type { InspectedFlow } from '../model/inspected-flow';
import type { Values } from '../model/layer-record';
import { inBatches } from '../model/batches';
import { breathe } from '../model/breathe';

export interface ThroughOptions {
  signal: AbortSignal;
  /** All at once, where they are normalized by their own statistics. */
  whole?: boolean;
}

/** Calls `run` with x [n, …] of one range of the examples after the other. @throws CancelledError */
export async function throughBatch(
  model: InspectedFlow,
  { count, x }: Pick<ExampleBatch, 'count' | 'x'>,
  { signal, whole = false }: ThroughOptions,
  run: (x: Values, start: number) => Promise<void>,
): Promise<void> {
  const size = model.dimensions;
  const part = (start: number, n: number): Promise<void> =>
    run({ shape: [n, ...model.flow.inputShape], data: x.subarray(start * size, (start + n) * size) }, start);
  if (whole) {
    await breathe(signal);
    await part(0, count);
  } else {
    await inBatches(count, model.runner, { signal }, part);
  }
}
