/** Examples through a flow, as all views of a batch take them. */
import type { Feeds } from '../backends/backend';
import type { ExampleBatch } from '../model/examples';
import type { ExampleValues, InspectedFlow, Values } from '../model/inspected-flow';
import { inBatches } from '../model/latents';
import { breathe } from '../model/breathe';

/**
 * What `run` gives for x [n, …] of one range of the examples after the other.
 * @param whole all at once, where they are normalized by their own statistics
 * @throws CancelledError
 */
export async function throughBatch<R>(
  model: InspectedFlow,
  { count, x, context }: Pick<ExampleBatch, 'count' | 'x' | 'context'>,
  { signal, whole = false }: { signal: AbortSignal; whole?: boolean },
  run: (x: ExampleValues, start: number) => Promise<R>,
): Promise<R[]> {
  const size = model.dimensions;
  const results: R[] = [];
  const part = async (start: number, n: number): Promise<void> => {
    const data = x.subarray(start * size, (start + n) * size);
    const own = context ? { context: rowsOf(context, count, start, n) } : {};
    results.push(await run({ shape: [n, ...model.flow.inputShape], data, ...own }, start));
  };
  if (whole) {
    await breathe(signal);
    await part(0, count);
  } else {
    await inBatches(count, model.runner, { signal }, part);
  }
  return results;
}

/** Those of a range of `count` rows. */
export function rowsOf(all: Float32Array, count: number, start: number, n: number): Values {
  const size = all.length / count;
  return { shape: [n, size], data: all.subarray(start * size, (start + n) * size) };
}

/** What a program is fed. */
export function examplesFed({ context, ...x }: ExampleValues): Feeds {
  return { x, ...(context ? { context } : {}) };
}

/** The contexts of the first examples of a batch. */
export function firstContexts(
  { context, count }: Pick<ExampleBatch, 'context' | 'count'>,
  n: number,
): { context?: Float32Array } {
  return context ? { context: context.subarray(0, (n * context.length) / count) } : {};
}
