/** Runs a pass over a batch and keeps what views need: per example and layer, never all activations. */
import { combined, concatenated } from '../../base/rows';
import type { Feeds } from '../backends/backend';
import { contextFeed, contextFeeds } from '../model/context';
import { type ExampleBatch, batchOf } from '../model/examples';
import type { InspectedFlow, PassMode, LayerRecord, PassRecord } from '../model/inspected-flow';
import { throughBatch } from './through-batch';
import type { Inquiry, SharedInquiry } from './inquiry';
import type { BatchRef, ExampleRef, Selection } from '../../protocol/selection';
import { recordKey } from '../../protocol/webview';
import { exampleOf } from './latents/latents';

export interface Pass extends PassRecord {
  count: number;
  /** 1 for examples that means are over, 0 for one that only went along. */
  weight: Float32Array;
  /** Log-det of preprocessing, [N]. */
  preprocessing: Float32Array;
  /** [N, C] where examples have their own. */
  context?: Float32Array;
}

export interface PassOptions {
  /** 1 for examples that count, 0 for one that only goes along; all count by default. */
  weight?: Float32Array;
  /** In evaluation mode: whether the layers' own round trips are wanted as well. */
  roundTrips?: boolean;
}

/**
 * In training mode the whole batch goes at once, since its statistics are its own; otherwise in parts.
 * @throws CancelledError
 */
export async function runPass(
  { model, signal }: Inquiry,
  batch: ExampleBatch,
  mode: PassMode['kind'],
  { weight = new Float32Array(batch.count).fill(1), roundTrips = false }: PassOptions = {},
): Promise<Pass> {
  const run = await model.programs.pass(
    mode === 'train' ? { kind: 'train', batch: batch.count } : { kind: 'eval', roundTrips },
  );
  const parts = await throughBatch(model, batch, { signal, whole: mode === 'train' }, (x, start) =>
    run(x, weight.subarray(start, start + x.shape[0]!)),
  );
  const layers = parts[0]!.layers.map((_, layer) => joinLayers(parts.map((part) => part.layers[layer]!)));
  return {
    count: batch.count,
    weight,
    ...(batch.context ? { context: batch.context } : {}),
    z: joined(parts.map(({ z }) => z)),
    prior: joined(parts.map(({ prior }) => prior)),
    preprocessing: model.preprocess ? layers[0]!.logDet.layer : new Float32Array(batch.count),
    layers,
  };
}

const joined = (parts: readonly Float32Array[]): Float32Array =>
  parts.length === 1 ? parts[0]! : concatenated(parts);

/** The first example is the first part's. */
function joinLayers(parts: readonly LayerRecord[]): LayerRecord {
  const [head] = parts as [LayerRecord];
  const all = (pick: (part: LayerRecord) => Float32Array): Float32Array => joined(parts.map(pick));
  const { elements, roundTrip } = head;
  const add = (a: number, b: number): number => a + b;
  return {
    ...head,
    logDet: { layer: all(({ logDet }) => logDet.layer), norm: all(({ logDet }) => logDet.norm) },
    ...(elements && {
      elements: {
        first: elements.first,
        sum: { shape: elements.sum.shape, data: combined(parts, (part) => part.elements!.sum.data, add) },
      },
    }),
    nonFinite: all(({ nonFinite }) => nonFinite),
    ...(roundTrip ? { roundTrip: all((part) => part.roundTrip!) } : {}),
    quantities: head.quantities.map((quantity, i) => ({
      ...quantity,
      largest: all(({ quantities }) => quantities[i]!.largest),
      nonFinite: all(({ quantities }) => quantities[i]!.nonFinite),
    })),
  };
}

/** Mean over the examples that count. */
export function weightedMean(values: Float32Array, weight: Float32Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    if (weight[i] === 0) continue;
    sum += values[i]! * weight[i]!;
    total += weight[i]!;
  }
  return sum / total;
}

/** The first example's context `count` times, as programs of single layers are fed. */
export function layerContext(
  pass: Pick<Pass, 'context' | 'count'>,
  { runner }: InspectedFlow,
  count = 1,
): Feeds {
  const context = firstContext(pass);
  return context ? contextFeeds(runner.context, context, count) : {};
}

/** [C] */
export function firstContext({ context, count }: Pick<Pass, 'context' | 'count'>): Float32Array | undefined {
  return context?.subarray(0, context.length / count);
}

interface SelectionPasses {
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
  inquiry: SharedInquiry,
  { batch, example, mode }: Selection,
): Promise<SelectionPasses> {
  const still = await batchPass(inquiry, batch);
  if (mode === 'eval') {
    if (!example) return { batch: still, still };
    const one = await examplePass(inquiry, example);
    return { batch: still, still, example: one.pass, shown: one.shown };
  }
  const together = await trainingPass(inquiry, batch, example);
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
  inquiry: SharedInquiry,
  { batch, example }: Pick<Selection, 'batch' | 'example'>,
): Promise<Pass> {
  if (!example) return batchPass(inquiry, batch);
  return (await examplePass(inquiry, example)).pass;
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
  { dimensions, runner, chosenContext }: InspectedFlow,
): ExampleBatch {
  const join = (first: Float32Array, rest: Float32Array, size: number): Float32Array => {
    if (inside < 0) return concatenated([first, rest]);
    return concatenated([first, rest.subarray(0, inside * size), rest.subarray((inside + 1) * size)]);
  };
  const { context: info } = runner;
  const contexts = (batch: ExampleBatch): Float32Array =>
    contextFeed(info!, batch.context ?? chosenContext, batch.count).data;
  return {
    count: all.count + (inside < 0 ? 1 : 0),
    x: join(one.x, all.x, dimensions),
    shown: join(one.shown, all.shown, dimensions),
    ...(info ? { context: join(contexts(one), contexts(all), info.mean.length) } : {}),
  };
}
