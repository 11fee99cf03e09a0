/** What a batch does to the norms and the channels of a layer's network. */
import type { ActivityQuery, ActivityView, ChannelMoments } from '../../../protocol/conditioner';
import { batchOf } from '../../model/examples';
import { layerAt } from '../../model/inspected-flow';
import { countDead } from './features';
import { innerOf } from './inner';
import { examplesFed, throughBatch } from '../through-batch';
import type { Inquiry } from '../inquiry';

/** @throws UserError where the layers of the model cannot be looked into, CancelledError */
export async function activity(
  { model, signal }: Inquiry,
  { layer, batch, mode }: ActivityQuery,
): Promise<ActivityView> {
  layerAt(model, layer);
  const inner = innerOf(model, 'What arrives at a norm');
  const { stages, norms } = inner.names(layer);
  const examples = await batchOf(model, batch);
  const { count } = examples;
  if (stages.length + norms.length === 0) return { layer, count, norms: [], stages: [] };
  const program = await inner.activity(
    layer,
    mode === 'train' ? { kind: 'train', batch: count } : { kind: 'eval', roundTrips: false },
  );
  const parts = await throughBatch(model, examples, { signal, whole: mode === 'train' }, (x) =>
    program.run(examplesFed(x)),
  );
  const values = (name: string): Float32Array[] => parts.map((feeds) => feeds[name]!.data as Float32Array);
  const stored = (name: string): Float32Array => model.tensors[name]!.data as Float32Array;
  return {
    layer,
    count,
    norms: norms.map((name) => ({
      name,
      running: { mean: stored(`${name}.mean`), variance: stored(`${name}.variance`) },
      batch: joined(values(`mean:${name}`), values(`variance:${name}`), stored(`${name}.mean`).length),
    })),
    stages: stages.map(({ name, shape }) => {
      const channels = shape.at(-1)!;
      return { name, channels, dead: countDead(channels, values(`low:${name}`), values(`high:${name}`)) };
    }),
  };
}

/** Variance of all is the mean of the variances and the variance of the means. */
function joined(
  means: readonly Float32Array[],
  variances: readonly Float32Array[],
  channels: number,
): ChannelMoments {
  const examples = means.reduce((sum, part) => sum + part.length, 0) / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (const part of means) part.forEach((value, i) => (mean[i % channels]! += value / examples));
  means.forEach((part, p) =>
    part.forEach((value, i) => {
      const c = i % channels;
      variance[c]! += (variances[p]![i]! + (value - mean[c]!) ** 2) / examples;
    }),
  );
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance) };
}
