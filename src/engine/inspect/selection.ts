/** The passes behind a selection, shared by all views of it. */
import { concatenated } from '../../base/rows';
import type { BatchRef, ExampleRef, Selection } from '../../protocol/selection';
import { recordKey } from '../../protocol/webview';
import { contextFeed } from '../model/context';
import { batchOf, type ExampleBatch } from '../model/examples';
import type { InspectedFlow } from '../model/inspected-flow';
import { exampleOf } from './latents/example-of';
import { runPass, type Pass } from './pass';
import type { Inquiry, SharedInquiry } from './inquiry';

export interface SelectionPasses {
  /** Over the batch; means are over its counted examples. */
  batch: Pass;
  /** The batch in evaluation mode, which round trips are taken from. */
  still: Pass;
  /** The pass whose first row is the example, where one is selected. */
  example?: Pass;
  /** The example as it was given to the flow, without noise. */
  shown?: Float32Array;
}

export async function selectionPasses(
  { model, work, signal }: SharedInquiry,
  { batch, example, mode }: Selection,
): Promise<SelectionPasses> {
  const still = await batchPass({ model, work, signal }, batch);
  if (mode === 'eval') {
    if (!example) return { batch: still, still };
    const one = await examplePass({ model, work, signal }, example);
    return { batch: still, still, example: one.pass, shown: one.shown };
  }
  const together = await trainingPass({ model, work, signal }, batch, example);
  return {
    batch: together.pass,
    still,
    ...(example ? { example: together.pass, shown: together.shown } : {}),
  };
}

export function batchPass({ model, work, signal }: SharedInquiry, batch: BatchRef): Promise<Pass> {
  return work.run(recordKey('strip', { batch }), signal, async (inner) =>
    runPass({ model, signal: inner }, await batchOf(model, batch), 'eval', { roundTrips: true }),
  );
}

/** The pass whose first row is the example, or the batch's first, by running statistics. */
export async function stillPass(
  { model, work, signal }: SharedInquiry,
  { batch, example }: Pick<Selection, 'batch' | 'example'>,
): Promise<Pass> {
  if (!example) return batchPass({ model, work, signal }, batch);
  return (await examplePass({ model, work, signal }, example)).pass;
}

/** In evaluation mode, where an example does not depend on others. */
export function examplePass(
  { model, work, signal }: SharedInquiry,
  example: ExampleRef,
): Promise<{ pass: Pass; shown: Float32Array }> {
  return work.run(recordKey('strip', { example }), signal, async (inner) => {
    const one = await exampleOf({ model, signal: inner }, example);
    return { pass: await runPass({ model, signal: inner }, one, 'eval'), shown: one.shown };
  });
}

/**
 * By the batch's own statistics. The example goes first; one from outside the batch goes along with it, takes part in
 * the statistics and not in the means.
 */
function trainingPass(
  { model, work, signal }: SharedInquiry,
  batch: BatchRef,
  example: ExampleRef | undefined,
): Promise<{ pass: Pass; shown?: Float32Array }> {
  return work.run(recordKey('strip', { batch, example, mode: 'train' }), signal, async (inner) => {
    const { joined, weight, shown } = await trainingBatch({ model, signal: inner }, batch, example);
    const pass = await runPass({ model, signal: inner }, joined, 'train', { weight });
    return { pass, ...(shown ? { shown } : {}) };
  });
}

/** The batch with the example first, as training mode takes it; `weight` is 0 for one from outside the batch. */
export async function trainingBatch(
  { model, signal }: Inquiry,
  batch: BatchRef,
  example: ExampleRef | undefined,
): Promise<{ joined: ExampleBatch; weight: Float32Array<ArrayBuffer>; shown?: Float32Array }> {
  const all = await batchOf(model, batch);
  if (!example) return { joined: all, weight: new Float32Array(all.count).fill(1) };
  const one = await exampleOf({ model, signal }, example);
  const inside =
    example.kind === 'data' && example.split === batch.split && example.index < all.count
      ? example.index
      : -1;
  const joined = withFirst(one, all, inside, model);
  const weight = new Float32Array(joined.count).fill(1);
  if (inside < 0) weight[0] = 0;
  return { joined, weight, shown: one.shown };
}

/** The example, then the batch without the one at `inside`. */
function withFirst(
  one: ExampleBatch,
  all: ExampleBatch,
  inside: number,
  { dimensions, runner, given }: InspectedFlow,
): ExampleBatch {
  const join = (first: Float32Array, rest: Float32Array, size: number): Float32Array => {
    if (inside < 0) return concatenated([first, rest]);
    return concatenated([first, rest.subarray(0, inside * size), rest.subarray((inside + 1) * size)]);
  };
  const { context: info } = runner;
  const contexts = (batch: ExampleBatch): Float32Array =>
    contextFeed(info!, batch.context ?? given, batch.count).data;
  return {
    count: all.count + (inside < 0 ? 1 : 0),
    x: join(one.x, all.x, dimensions),
    shown: join(one.shown, all.shown, dimensions),
    ...(info ? { context: join(contexts(one), contexts(all), info.mean.length) } : {}),
  };
}
