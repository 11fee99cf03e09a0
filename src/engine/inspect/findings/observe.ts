/** Runs the passes that findings are made of. */
import { entryOf } from '../../../base/kept';
import { combined } from '../../../base/rows';
import { sizeOf } from '../../../base/shape';
import type { BatchRef } from '../../../protocol/selection';
import { statisticsBatch } from '../../model/latents';
import { batchOf, type ExampleBatch } from '../../model/examples';
import type { InspectedFlow, Extremes, LayerExtremes } from '../../model/inspected-flow';
import { splitDistribution, wayBack } from '../population/diagnostics';
import { firstNonFinite, firstStoredNonFinite } from '../strip/non-finite';
import { meanParts } from '../strip/parts';
import { batchPass, selectionPasses } from '../pass';
import { worst } from '../strip/strip';
import { examplesFed, firstContexts, throughBatch } from '../through-batch';
import type {
  LayerObservations,
  LatentObservations,
  NormObservations,
  Observations,
  Range,
} from './observations';
import type { Inquiry, SharedInquiry } from '../inquiry';

/** @throws UserError for a batch that does not exist, CancelledError */
export async function observe(inquiry: SharedInquiry, batch: BatchRef): Promise<Observations> {
  const { model } = inquiry;
  const examples = await batchOf(model, batch);
  const pass = await batchPass(inquiry, batch);
  const bad = (await firstNonFinite(inquiry, pass)) ?? (await firstStoredNonFinite(inquiry));
  const ofData = batch.split !== 'sample';
  const health = await healthOf(inquiry, examples);
  const back = await wayBack(inquiry, batch);
  const layers = model.layers.map(({ info }): LayerObservations => {
    const extremes = health[info.index];
    const { roundTrip } = pass.layers[info.index]!;
    return {
      info,
      ...extremes,
      ...(model.standardization && info.kind === 'standardize' ? { inDeviations: true } : {}),
      ...(roundTrip ? { alone: worst(roundTrip) } : {}),
      ...(Array.isArray(back) ? { fromLatent: back[info.index]! } : {}),
    };
  });
  const scores: Pick<Observations, 'train' | 'validation'> = {};
  for (const { name, count } of ofData ? (await model.data.splits()).splits : []) {
    scores[name] = await splitDistribution(inquiry, name, count, 'eval');
  }
  const norms = ofData
    ? await normsOf(inquiry, examples)
    : { reason: 'The batch is of samples, which are not what running statistics were taken over.' };
  return {
    unit: model.config.kind === 'image' ? 'bits/dim' : 'nats',
    dimensions: model.dimensions,
    count: examples.count,
    ofData,
    layers,
    ...(bad ? { firstNonFinite: bad } : {}),
    norms,
    ...(!('reason' in norms) && norms.length > 0 ? { modes: await modesOf(inquiry, batch) } : {}),
    latents: latentsOf(model, await model.runner.base.scores(pass.z, pass.count, pass.context)),
    saturates: layers.some(({ saturated }) => saturated !== undefined),
    ...(Array.isArray(back) ? {} : { noInverse: back.reason }),
    ...scores,
  };
}

/** By layer index; empty where the file does not show as much. */
async function healthOf(
  { model, signal }: Inquiry,
  batch: ExampleBatch,
): Promise<Omit<LayerObservations, 'info'>[]> {
  const run = await model.programs.health?.();
  if (!run) return [];
  const parts = await throughBatch(model, batch, { signal }, run);
  const units = [...parts[0]!.units.keys()].map((name) => ({
    name,
    largest: combined(parts, (part) => part.units.get(name)!, Math.max),
  }));
  return model.layers.map(({ info, flow }) => {
    const extremes = parts.map(({ layers }) => layers[info.index]!);
    const transformed = flow?.mask
      ? flow.mask.data.reduce((sum, read) => sum + 1 - read, 0)
      : sizeOf(info.inputShape);
    const flat = extremes.flatMap(({ saturated }) => (saturated ? [saturated] : []));
    const mine = units.filter(({ name }) => name.startsWith(`${info.name}.`));
    const count = (of: (value: number) => boolean): number =>
      mine.reduce((sum, { largest }) => sum + largest.filter(of).length, 0);
    return {
      input: rangeOf(extremes.map(({ input }) => input)),
      quantities:
        transformed === 0
          ? []
          : extremes[0]!.quantities.map(({ name, role }, q) => {
              const all = extremes.map(({ quantities }) => quantities[q]!);
              return {
                name,
                role,
                range: rangeOf(all.map(({ perExample }) => perExample)),
                change: changeOf(all.map(({ perElement }) => perElement)),
              };
            }),
      ...outsideOf(extremes, flow?.mask?.data, batch.count),
      ...(flat.length > 0 && {
        saturated: flat.flatMap((n) => [...n]).reduce((a, b) => a + b, 0) / (transformed * batch.count),
      }),
      ...(mine.length > 0 && { units: { total: count(() => true), never: count((value) => value <= 0) } }),
    };
  });
}

/** @param mask 1 where an element passes unchanged */
function outsideOf(
  parts: readonly LayerExtremes[],
  mask: Float32Array | undefined,
  examples: number,
): Pick<LayerObservations, 'outside'> {
  const counts = parts.flatMap(({ outside }) => (outside ? [outside] : []));
  if (counts.length === 0) return {};
  const shares = combined(
    counts,
    (count) => count,
    (a, b) => a + b,
  ).map((count) => count / examples);
  const mapped = Array.from(shares, (_, i) => i).filter((i) => mask?.[i] !== 1);
  if (mapped.length === 0) return {};
  const element = mapped.reduce((most, i) => (shares[i]! > shares[most]! ? i : most));
  const share = mapped.reduce((sum, i) => sum + shares[i]!, 0) / mapped.length;
  return { outside: { share, element, ofElement: shares[element]! } };
}

function rangeOf(parts: readonly Extremes[]): Range {
  const least = (values: Float32Array): number => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values: Float32Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    low: Math.min(...parts.map(({ low }) => least(low))),
    high: Math.max(...parts.map(({ high }) => most(high))),
  };
}

/** The largest distance between an element's least and its largest value. */
function changeOf(parts: readonly Extremes[]): number {
  const low = combined(parts, (part) => part.low, Math.min);
  const high = combined(parts, (part) => part.high, Math.max);
  return high.reduce((most, value, i) => Math.max(most, value - low[i]!), 0);
}

async function normsOf(
  { model, signal }: Inquiry,
  batch: ExampleBatch,
): Promise<NormObservations[] | { reason: string }> {
  const layerOf = new Map(
    model.layers.flatMap(({ info, bijection }) =>
      (bijection?.state ?? []).map(({ name }) => [name, info.index] as const),
    ),
  );
  if (!model.programs.normStatistics)
    return { reason: 'The file holds running statistics only; those of a batch need a checkpoint.' };
  if (layerOf.size === 0) return [];
  // As many as training takes at once, or fit memory.
  const count = Math.min(batch.count, statisticsBatch(model.runner));
  const program = await model.programs.normStatistics(count);
  const some = { count, x: batch.x, ...firstContexts(batch, count) };
  const [result = {}] = await throughBatch(model, some, { signal, whole: true }, (x) =>
    program.run(examplesFed(x)),
  );
  return Object.keys(result).flatMap((key): NormObservations[] => {
    if (!key.endsWith(':mean')) return [];
    const name = key.slice(0, -':mean'.length);
    const running = {
      mean: model.tensors[`${name}.mean`]?.data,
      variance: model.tensors[`${name}.variance`]?.data,
    };
    const layer = layerOf.get(`${name}.mean`);
    if (layer === undefined || !running.mean || !running.variance) return [];
    const mean = result[key]!.data;
    const variance = result[`${name}:variance`]!.data;
    let apart = 0;
    let ratio = 0;
    for (let c = 0; c < mean.length; c++) {
      // Channels that are almost constant (a border that is always black) have no scale to measure in.
      const floor = 1e-5;
      const deviation = Math.sqrt(Math.max(Number(running.variance[c]), floor));
      const batchDeviation = Math.sqrt(Math.max(Number(variance[c]), floor));
      apart = Math.max(
        apart,
        Math.abs(Number(mean[c]) - Number(running.mean[c])) / Math.max(deviation, batchDeviation),
      );
      ratio = Math.max(ratio, Math.abs(Math.log(batchDeviation / deviation)));
    }
    return [{ name, layer, mean: apart, ratio }];
  });
}

/** Mean scores of the batch, in the unit of scores. */
async function modesOf(inquiry: SharedInquiry, batch: BatchRef): Promise<{ running: number; batch: number }> {
  const score = async (mode: 'eval' | 'train'): Promise<number> => {
    const passes = await selectionPasses(inquiry, { batch, mode });
    const { nats, bitsPerDim } = meanParts(inquiry.model, passes.batch);
    return bitsPerDim ?? nats;
  };
  return { running: await score('eval'), batch: await score('train') };
}

function latentsOf(model: InspectedFlow, z: Float32Array): LatentObservations[] {
  const size = model.dimensions;
  const scales = model.runner.latentScales;
  const by = new Map<number, number[]>();
  for (let i = 0; i < z.length; i++) {
    const scale = scales?.[i % size] ?? 0;
    const value = z[i]!;
    if (!Number.isFinite(value)) continue;
    entryOf(by, scale, () => []).push(value);
  }
  return [...by]
    .sort(([a], [b]) => a - b)
    .map(([scale, values]) => ({ scale, sorted: Float32Array.from(values).sort() }));
}
