/** Runs a pass over a batch and keeps what views need: per example and layer, never all activations. */
import { concatenated } from '../../base/rows';
import type { Feeds } from '../backends/backend';
import { contextFeed } from '../model/context';
import type { ExampleBatch } from '../model/examples';
import type { InspectedFlow, PassMode } from '../model/inspected-flow';
import type { LayerRecord, PassRecord } from '../model/layer-record';
import { throughBatch } from './through-batch';
import type { Inquiry } from './inquiry';

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
  const parts: PassRecord[] = [];
  await throughBatch(model, batch, { signal, whole: mode === 'train' }, async (x, start) => {
    parts.push(await run(x, weight.subarray(start, start + x.shape[0]!)));
  });
  const layers = parts[0]!.layers.map((_, layer) => joinLayers(parts.map((part) => part.layers[layer]!)));
  return {
    count: batch.count,
    weight,
    ...(batch.context ? { context: batch.context } : {}),
    z: joined(parts.map(({ z }) => z)),
    prior: joined(parts.map(({ prior }) => prior)),
    preprocessing: model.preprocess ? layers[0]!.logDet.own : new Float32Array(batch.count),
    layers,
  };
}

const joined = (parts: readonly Float32Array[]): Float32Array =>
  parts.length === 1 ? parts[0]! : concatenated(parts);

function sumOf(parts: readonly Float32Array[]): Float32Array {
  const out = parts[0]!.slice();
  for (const part of parts.slice(1)) for (let i = 0; i < out.length; i++) out[i]! += part[i]!;
  return out;
}

/** The first example is the first part's. */
function joinLayers(parts: readonly LayerRecord[]): LayerRecord {
  const [head] = parts as [LayerRecord];
  const all = (pick: (part: LayerRecord) => Float32Array): Float32Array => joined(parts.map(pick));
  const { elements, roundTrip } = head;
  return {
    ...head,
    logDet: { own: all(({ logDet }) => logDet.own), norm: all(({ logDet }) => logDet.norm) },
    ...(elements && {
      elements: {
        first: elements.first,
        sum: { shape: elements.sum.shape, data: sumOf(parts.map((part) => part.elements!.sum.data)) },
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
  const own = firstContext(pass);
  return own && runner.context ? { context: contextFeed(runner.context, own, count) } : {};
}

/** [C] */
export function firstContext({ context, count }: Pick<Pass, 'context' | 'count'>): Float32Array | undefined {
  return context?.subarray(0, context.length / count);
}
