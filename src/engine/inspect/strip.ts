import type { Selection, Strip, StripRow } from '../../protocol/inspect';
import type { InspectedFlow } from '../model/inspected-flow';
import { firstNonFinite } from './non-finite';
import { exampleParts, meanParts } from './parts';
import { weightedMean } from './pass';
import { selectionPasses } from './selection';
import type { SharedWork } from './shared-work';
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
    const one = example?.layers[info.index];
    return {
      layer: info.index,
      ...(one ? { example: { coupling: one.coupling[0]!, norm: one.norm[0]! } } : {}),
      mean: {
        coupling: weightedMean(own.coupling, batch.weight),
        norm: weightedMean(own.norm, batch.weight),
      },
      roundTrip: worst(still.layers[info.index]!.roundTrip),
      ...(one?.first.y ? { thumbnail: thumbnailOf(one.first.y) } : {}),
      nonFinite: own.nonFinite.reduce((sum, count, i) => sum + count * batch.weight[i]!, 0),
    };
  });
  const shape = [...model.flow.inputShape];
  const bad = firstNonFinite(model, batch);
  return {
    rows,
    ...(example ? { example: exampleParts(model, example, 0) } : {}),
    mean: meanParts(model, batch),
    ...(bad ? { firstNonFinite: bad } : {}),
    ...(shown ? { input: { shape, data: shown } } : {}),
    ...(example ? { latent: { shape: [...shape], data: example.z.slice(0, model.dimensions) } } : {}),
  };
}

/** The largest; NaN when any is. Layers that only move values return them exactly. */
export function worst(values: Float32Array | undefined): number {
  return values?.reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)), 0) ?? 0;
}
