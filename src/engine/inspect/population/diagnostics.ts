import type { Diagnostics } from '../../../protocol/inspect';
import type { BatchRef, NormMode, Selection } from '../../../protocol/selection';
import { batchOf, dataExamples } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { statisticsBatch } from '../../model/latents';
import { scoreExamples } from '../examples';
import { exampleParts } from '../strip/parts';
import { runPass, type Pass, selectionPasses } from '../pass';
import { worst } from '../strip/strip';
import { throughBatch } from '../through-batch';
import { answerOrReason, type Inquiry, type SharedInquiry } from '../inquiry';

export async function diagnostics(inquiry: SharedInquiry, query: Selection): Promise<Diagnostics> {
  const { model } = inquiry;
  const { batch, still } = await selectionPasses(inquiry, { ...query, example: undefined });
  const back = await wayBack(inquiry, query.batch);
  const inverse = Array.isArray(back)
    ? {
        inverseError: model.layers.map(({ info }) => ({
          layer: info.index,
          fromLatent: back[info.index]!,
          alone: worst(still.layers[info.index]!.roundTrip),
        })),
      }
    : { inverseError: [], noInverse: back.reason };
  const { splits } = await model.data.splits();
  const distributions: Pick<Diagnostics, 'train' | 'validation' | 'samples'> = {};
  if (query.batch.split === 'sample') {
    distributions.samples = Float32Array.from({ length: query.batch.count }, (_, row) => {
      const { nats, bitsPerDim } = exampleParts(model, batch, row);
      return bitsPerDim ?? nats;
    });
  }
  for (const { name, count } of splits) {
    distributions[name] = await splitDistribution(inquiry, name, count, query.mode);
  }
  return {
    ...distributions,
    unit: model.config.kind === 'image' ? 'bits/dim' : 'nats',
    ...latentStatistics(await model.runner.base.scores(batch.z, batch.count, batch.context)),
    logDets: logDetsOf(model, batch),
    ...inverse,
  };
}

/** Examples whose log-dets are listed one by one. */
const mostExamples = 100;

/** By layer, of its own map and of batch norm after it. A layer whose log-det is 0 whatever it is given has none. */
function logDetsOf(model: InspectedFlow, pass: Pass): Diagnostics['logDets'] {
  const rows = Array.from(pass.weight.keys())
    .filter((row) => pass.weight[row]! > 0)
    .slice(0, mostExamples);
  return model.layers
    .map(({ info: { index } }) => {
      const { layer, norm } = pass.layers[index]!.logDet;
      return { layer: index, values: Float32Array.from(rows, (row) => layer[row]! + norm[row]!) };
    })
    .filter(({ values }) => values.some((value) => value !== 0));
}

/** Scores of the first examples of a split, in the unit of scores; shared by all who ask. */
export function splitDistribution(
  { model, work, signal }: SharedInquiry,
  split: 'train' | 'validation',
  total: number,
  mode: NormMode,
): Promise<Float32Array> {
  return work.run(`distribution ${split} ${mode}`, signal, (inner) =>
    distribution({ model, signal: inner }, split, total, mode),
  );
}

/** How many examples of a split a distribution is drawn from: as many as a few seconds allow. */
export function lookedAt(model: InspectedFlow): number {
  const { dimensions } = model;
  return dimensions <= 64 ? 1000 : dimensions <= 256 ? 512 : dimensions <= 1024 ? 128 : 64;
}

async function distribution(
  { model, signal }: Inquiry,
  split: 'train' | 'validation',
  total: number,
  mode: NormMode,
): Promise<Float32Array> {
  const count = Math.min(total, lookedAt(model));
  if (mode === 'eval') {
    const { nats, bitsPerDim } = await scoreExamples({ model, signal }, split, 0, count);
    return bitsPerDim ?? nats;
  }
  // By their own statistics, in batches as training has them; an incomplete last one is left out.
  const size = Math.min(count, model.trainingBatch, statisticsBatch(model.runner));
  const unit = model.config.kind === 'image' ? model.dimensions * Math.LN2 : 1;
  const out = new Float32Array(Math.floor(count / size) * size);
  for (let start = 0; start < out.length; start += size) {
    const pass = await runPass({ model, signal }, await dataExamples(model, split, start, size), 'train');
    const layers = model.preprocess ? pass.layers.slice(1) : pass.layers;
    for (let i = 0; i < size; i++) {
      const logDet = layers.reduce((sum, { logDet: { layer, norm } }) => sum + layer[i]! + norm[i]!, 0);
      out[start + i] = (model.quantization - pass.prior[i]! - pass.preprocessing[i]! - logDet) / unit;
    }
  }
  return out;
}

/** By layer: the largest error over the batch at its input, NaN when any is not finite; or why there is no inverse. */
export function wayBack(
  { model, work, signal }: SharedInquiry,
  batch: BatchRef,
): Promise<number[] | { reason: string }> {
  const errors = work.run(`way ${JSON.stringify(batch)}`, signal, async (inner) => {
    const examples = await batchOf(model, batch);
    const run = await model.programs.wayError();
    const errors = model.layers.map(() => 0);
    await throughBatch(model, examples, { signal: inner }, async (x) => {
      (await run(x)).forEach((found, i) => (errors[i] = worst(Float32Array.of(errors[i]!, worst(found)))));
    });
    return errors;
  });
  return answerOrReason(errors);
}

const tails = [0.0005, 0.001, 0.0025, 0.005];
/** At the middles of equal shares, denser at both ends where tails show. */
const quantileProbabilities = [
  ...tails,
  ...Array.from({ length: 99 }, (_, i) => (i + 0.5) / 99),
  ...tails.map((p) => 1 - p).reverse(),
];

function latentStatistics(
  z: Float32Array,
): Pick<Diagnostics, 'latentQuantiles' | 'latentStd' | 'latentKurtosis'> {
  const sorted = z.filter(Number.isFinite).sort();
  const n = sorted.length;
  if (n === 0) return { latentQuantiles: { normal: [], z: [] }, latentStd: NaN, latentKurtosis: NaN };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  let second = 0;
  let fourth = 0;
  for (const value of sorted) {
    const square = (value - mean) ** 2;
    second += square / n;
    fourth += (square * square) / n;
  }
  // Shares smaller than one value say nothing.
  const probabilities = quantileProbabilities.filter((p) => Math.min(p, 1 - p) * n >= 0.5);
  const at = (p: number): number => {
    const place = Math.min(n - 1, Math.max(0, p * n - 0.5));
    const low = Math.floor(place);
    const high = Math.min(n - 1, low + 1);
    return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low);
  };
  return {
    latentQuantiles: { normal: probabilities.map(normalQuantile), z: probabilities.map(at) },
    latentStd: Math.sqrt(second),
    /** Excess kurtosis: 0 for a normal distribution. */
    latentKurtosis: fourth / second ** 2 - 3,
  };
}

/**
 * Quantile of the standard normal distribution (M. J. Wichura, Algorithm AS 241, Applied Statistics 37, 1988, PPND7;
 * about seven digits).
 * @param p in (0, 1)
 */
function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.18756367 * r + 78.757757664) * r + 17.895169469) * r + 1)
    );
  }
  const tail = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  let value: number;
  if (tail <= 5) {
    const r = tail - 1.6;
    value =
      (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
      ((0.12021132975 * r + 0.7370016425) * r + 1);
  } else {
    const r = tail - 5;
    value =
      (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115) /
      ((0.012258202635 * r + 0.24197894225) * r + 1);
  }
  return q < 0 ? -value : value;
}
