import { defined } from '../../../base/defined';
import type { ExampleStrip, Strip, StripRow } from '../../../protocol/inspect';
import type { ExampleRef, Selection } from '../../../protocol/selection';
import type { InspectedFlow } from '../../model/inspected-flow';
import { firstNonFinite } from './non-finite';
import { exampleParts, meanParts } from './parts';
import { firstContext, weightedMean, type Pass, examplePass, selectionPasses } from '../pass';
import type { NdArray } from '../../../protocol/tensors';
import type { SharedInquiry } from '../inquiry';
import { blockMeans } from '../statistics';

export async function strip({ model, work, signal }: SharedInquiry, query: Selection): Promise<Strip> {
  const { batch, still, example, shown } = await selectionPasses({ model, work, signal }, query);
  const rows = model.layers.map(({ info }): StripRow => {
    const record = batch.layers[info.index]!;
    return {
      ...(example ? exampleRow(example, info.index) : { layer: info.index }),
      mean: {
        coupling: weightedMean(record.logDet.layer, batch.weight),
        norm: weightedMean(record.logDet.norm, batch.weight),
      },
      roundTrip: worst(still.layers[info.index]!.roundTrip),
      nonFinite: nonFiniteOf(batch, info.index),
    };
  });
  return {
    rows,
    mean: meanParts(model, batch),
    ...(example ? exampleOnly(model, example, shown) : {}),
    ...defined({ firstNonFinite: await firstNonFinite({ model, signal }, batch) }),
  };
}

export async function stripOfExample(
  { model, work, signal }: SharedInquiry,
  query: { example: ExampleRef },
): Promise<ExampleStrip> {
  const { pass, shown } = await examplePass({ model, work, signal }, query.example);
  return {
    rows: model.layers.map(({ info }) => exampleRow(pass, info.index)),
    ...exampleOnly(model, pass, shown),
    ...defined({ firstNonFinite: await firstNonFinite({ model, signal }, pass) }),
  };
}

/** Row of the first example of the pass. */
function exampleRow(pass: Pass, layer: number): ExampleStrip['rows'][number] {
  const { logDet, output } = pass.layers[layer]!;
  return {
    layer,
    example: { coupling: logDet.layer[0]!, norm: logDet.norm[0]! },
    thumbnail: thumbnailOf(output),
    nonFinite: nonFiniteOf(pass, layer),
  };
}

function exampleOnly(
  model: InspectedFlow,
  pass: Pass,
  shown: Float32Array | undefined,
): Pick<Strip, 'example' | 'input' | 'latent' | 'context'> {
  const shape = [...model.flow.inputShape];
  const context = firstContext(pass);
  return {
    example: exampleParts(model, pass, 0),
    ...(shown ? { input: { shape, data: shown } } : {}),
    latent: { shape: [...shape], data: pass.z.slice(0, model.dimensions) },
    ...(context ? { context: context.slice() } : {}),
  };
}

function nonFiniteOf(pass: Pass, layer: number): number {
  return pass.layers[layer]!.nonFinite.reduce((sum, count, i) => sum + count * pass.weight[i]!, 0);
}

/** The largest; NaN when any is. Layers that only move values return them exactly. */
export function worst(values: Float32Array | undefined): number {
  return values?.reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)), 0) ?? 0;
}

const largestSide = 64;
const mostChannels = 16;

/** An image of at most 64×64 with its first channels, each value the mean of a block; vectors as they are. */
function thumbnailOf({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  if (shape.length !== 3) {
    const [features = 0] = shape;
    return { shape: [Math.min(features, 4096)], data: data.slice(0, 4096) };
  }
  const [height, width, channels] = shape as [number, number, number];
  if (Math.max(height, width) <= largestSide && channels <= mostChannels) return { shape: [...shape], data };
  const count = Math.min(channels, mostChannels);
  return blockMeans({ shape, data }, { offset: 0, count, side: largestSide }).values;
}
