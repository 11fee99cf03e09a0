import type { ExampleStrip, Strip, StripRow } from '../../../protocol/inspect';
import type { ExampleRef, Selection } from '../../../protocol/selection';
import type { InspectedFlow } from '../../model/inspected-flow';
import { firstNonFinite } from './non-finite';
import { exampleParts, meanParts } from './parts';
import { firstContext, weightedMean, type Pass } from '../pass';
import { examplePass, selectionPasses } from '../selection';
import type { SharedWork } from '../shared-work';
import { thumbnailOf } from './thumbnail';

export async function strip(
  model: InspectedFlow,
  work: SharedWork,
  query: Selection,
  signal: AbortSignal,
): Promise<Strip> {
  const { batch, still, example, shown } = await selectionPasses(model, work, query, signal);
  const rows = model.layers.map(({ info }): StripRow => {
    const own = batch.layers[info.index]!;
    return {
      ...(example ? exampleRow(example, info.index) : { layer: info.index }),
      mean: {
        coupling: weightedMean(own.logDet.own, batch.weight),
        norm: weightedMean(own.logDet.norm, batch.weight),
      },
      roundTrip: worst(still.layers[info.index]!.roundTrip),
      nonFinite: nonFiniteOf(batch, info.index),
    };
  });
  return {
    rows,
    mean: meanParts(model, batch),
    ...(example ? exampleOnly(model, example, shown) : {}),
    ...(await firstBad(model, batch, signal)),
  };
}

export async function stripOfExample(
  model: InspectedFlow,
  work: SharedWork,
  query: { example: ExampleRef },
  signal: AbortSignal,
): Promise<ExampleStrip> {
  const { pass, shown } = await examplePass(model, work, query.example, signal);
  return {
    rows: model.layers.map(({ info }) => exampleRow(pass, info.index)),
    ...exampleOnly(model, pass, shown),
    ...(await firstBad(model, pass, signal)),
  };
}

/** Row of the first example of the pass. */
function exampleRow(pass: Pass, layer: number): ExampleStrip['rows'][number] {
  const { logDet, output } = pass.layers[layer]!;
  return {
    layer,
    example: { coupling: logDet.own[0]!, norm: logDet.norm[0]! },
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

async function firstBad(
  model: InspectedFlow,
  pass: Pass,
  signal: AbortSignal,
): Promise<Pick<Strip, 'firstNonFinite'>> {
  const bad = await firstNonFinite(model, pass, signal);
  return bad ? { firstNonFinite: bad } : {};
}

function nonFiniteOf(pass: Pass, layer: number): number {
  return pass.layers[layer]!.nonFinite.reduce((sum, count, i) => sum + count * pass.weight[i]!, 0);
}

/** The largest; NaN when any is. Layers that only move values return them exactly. */
export function worst(values: Float32Array | undefined): number {
  return values?.reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)), 0) ?? 0;
}
