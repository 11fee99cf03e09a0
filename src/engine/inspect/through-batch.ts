/** Examples through a flow, as all views of a batch take them. */
import type { Feeds } from '../backends/backend';
import type { ExampleBatch } from '../model/examples';
import type { ExampleValues, InspectedFlow, Values } from '../model/inspected-flow';
import { inBatches } from '../model/latents';
import { breathe } from '../model/breathe';

export interface ThroughOptions {
  signal: AbortSignal;
  /** All at once, where they are normalized by their own statistics. */
  whole?: boolean;
}

/** Calls `run` with x [n, …] of one range of the examples after the other. @throws CancelledError */
export async function throughBatch(
  model: InspectedFlow,
  { count, x, context }: Pick<ExampleBatch, 'count' | 'x' | 'context'>,
  { signal, whole = false }: ThroughOptions,
  run: (x: ExampleValues, start: number) => Promise<void>,
): Promise<void> {
  const size = model.dimensions;
  const part = (start: number, n: number): Promise<void> =>
    run(
      {
        shape: [n, ...model.flow.inputShape],
        data: x.subarray(start * size, (start + n) * size),
        ...(context ? { context: rowsOf(context, count, start, n) } : {}),
      },
      start,
    );
  if (whole) {
    await breathe(signal);
    await part(0, count);
  } else {
    await inBatches(count, model.runner, { signal }, part);
  }
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
