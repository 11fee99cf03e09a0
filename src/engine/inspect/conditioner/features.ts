/** Feature maps of a conditioner for one example: one stage and one page of channels at a time. */
import { UserError } from '../../../base/user-error';
import { featurePage, type FeatureQuery, type FeatureView } from '../../../protocol/conditioner';
import type { NdArray } from '../../../protocol/tensors';
import { layerAt } from '../../model/inspected-flow';
import { innerOf } from './inner';
import { breathe } from '../../model/breathe';
import { firstContext, layerContext, stillPass, trainingBatch } from '../pass';
import { examplesFed, throughBatch } from '../through-batch';
import { blockMeans, statsOf } from '../statistics';
import { checkIndex, type SharedInquiry } from '../inquiry';

/** A channel whose values lie closer together than this share of the largest value is the same everywhere. */
export const sameValue = 1e-6;
/** A side of maps that are drawn value by value; larger ones are reduced. */
const largestMapSide = 128;

/** @throws UserError for a stage or a page that does not exist, CancelledError */
export async function features(inquiry: SharedInquiry, query: FeatureQuery): Promise<FeatureView> {
  const { model } = inquiry;
  const { layer, stage, offset } = query;
  const { info } = layerAt(model, layer);
  const { stages } = model.recorded?.network(layer) ?? innerOf(model, 'A feature map').names(layer);
  const found = stages.find(({ name }) => name === stage);
  if (!found) {
    throw new UserError(
      `The layer ${info.name} has no feature maps "${stage}"; it has ${stages.map(({ name }) => name).join(', ') || 'none'}.`,
    );
  }
  const channels = found.shape.at(-1)!;
  checkIndex(offset, channels, `Channel ${offset} of ${stage} was asked for; it has`);
  const maps = await mapsOf(inquiry, query);
  const shape = maps.shape.slice(1);
  const whole: NdArray<Float32Array> = { shape, data: maps.data as Float32Array };
  const count = Math.min(shape.length === 3 ? featurePage.maps : featurePage.units, channels - offset);
  const stats = statsOf(whole.data);
  const { values, block } =
    shape.length === 3
      ? blockMeans(whole, { offset, count, side: largestMapSide })
      : { values: { shape: [count], data: whole.data.slice(offset, offset + count) }, block: 1 };
  return { layer, stage, shape, offset, values, block, stats, dead: deadChannels(whole) };
}

/** [1, …] */
async function mapsOf({ model, work, signal }: SharedInquiry, query: FeatureQuery): Promise<NdArray> {
  const { layer, stage } = query;
  if (model.recorded) {
    const pass = await stillPass({ model, work, signal }, query);
    return model.recorded.maps(layer, stage, pass.layers[layer]!.input.data, firstContext(pass));
  }
  const inner = innerOf(model, 'A feature map');
  if (query.mode === 'train') {
    const { joined } = await trainingBatch({ model, signal }, query.batch, query.example);
    const program = await inner.activity(layer, { kind: 'train', batch: joined.count });
    await breathe(signal);
    const [only] = await throughBatch(model, joined, { signal, whole: true }, (x) =>
      program.run(examplesFed(x)),
    );
    return only![`first:${stage}`]!;
  }
  const pass = await stillPass({ model, work, signal }, query);
  const { input } = pass.layers[layer]!;
  const program = await inner.features(layer);
  await breathe(signal);
  return (
    await program.run({ h: { shape: [1, ...input.shape], data: input.data }, ...layerContext(pass, model) })
  )[stage]!;
}

function deadChannels({ shape, data }: NdArray<Float32Array>): number {
  const channels = shape.at(-1)!;
  if (shape.length === 1) return data.filter((value) => value === 0).length;
  return countDead(channels, [data], [data]);
}

/** @param lows and `highs`: parts [n, channels] that the least and the largest value of each channel are among */
export function countDead(
  channels: number,
  lows: readonly Float32Array[],
  highs: readonly Float32Array[],
): number {
  const low = new Float32Array(channels).fill(Infinity);
  const high = new Float32Array(channels).fill(-Infinity);
  // NaN is neither, so that a channel with one is not called dead.
  for (const part of lows)
    part.forEach((value, i) => (low[i % channels] = Math.min(low[i % channels]!, value)));
  for (const part of highs)
    part.forEach((value, i) => (high[i % channels] = Math.max(high[i % channels]!, value)));
  let size = 0;
  for (let c = 0; c < low.length; c++) {
    const largest = Math.max(Math.abs(low[c]!), Math.abs(high[c]!));
    if (Number.isFinite(largest)) size = Math.max(size, largest);
  }
  let dead = 0;
  for (let c = 0; c < low.length; c++) if (high[c]! - low[c]! <= sameValue * size) dead++;
  return dead;
}
