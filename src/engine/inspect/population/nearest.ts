/** The training examples nearest to an example, by a look at each of them. */
import { UserError } from '../../../base/user-error';
import { inDeviations } from '../../../config/standardization';
import { splitContext } from '../../../data/context';
import { indexRange } from '../../../data/dataset';
import type { ExampleRef } from '../../../protocol/selection';
import type { NearestExamples, NearestQuery, NearestSpace } from '../../../protocol/nearest';
import { dataExamples, examplesAt, type ExampleBatch } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { cropImages } from '../../model/inputs';
import { encodeExamples, exampleShape } from '../../model/latents';
import { exampleOf } from '../latents/latents';
import { scoreBatch } from '../examples';
import { breathe } from '../../model/breathe';
import { checkWhole, type Inquiry } from '../inquiry';

const mostNearest = 64;
/** Examples held out whose own nearest distances say what is usual. */
const usualCount = 32;
/** Examples that become features between two breaths. */
const block = 64;
/** Products between two breaths: some milliseconds. */
const slice = 2 ** 22;
/** Bytes of features that are kept for each space. */
const mostBytes = 2 ** 25;

/**
 * @throws UserError where the training data are not there, for a query that cannot be answered, or a file without a way
 *   to z; CancelledError
 */
export async function nearest(
  { model, signal }: Inquiry,
  { example, space, count, most }: NearestQuery,
): Promise<NearestExamples> {
  checkQuery(count, most, space);
  const dataset = await model.data.open();
  const total = dataset.train.count;
  if (total === 0) throw new UserError('The data have no train examples to look at.');
  const limit = Math.min(total, lookedAtMost(model, space));
  const looked = Math.min(limit, most);
  const kept = featuresOf(model, space);
  await kept.train.reach(looked, signal);
  await kept.held.reach(Math.min(usualCount, dataset.validation.count), signal);

  const exampleBatch = await exampleOf({ model, signal }, example);
  const exampleFeatures = await features({ model, signal }, space, exampleBatch);
  const apart = await kept.train.distances(exampleFeatures, looked, signal);
  const self = indexIn(example, 'train');
  if (self !== undefined && self < looked) apart[self] = Infinity;
  const indices = smallest(apart, Math.min(count, self !== undefined && self < looked ? looked - 1 : looked));
  return {
    example: { shape: exampleShape(model.runner), data: cropImages(exampleBatch.shown, 1, model.config) },
    indices,
    distances: Float32Array.from(indices, (index) => Math.sqrt(apart[index]!)),
    ...(await described({ model, signal }, indices)),
    looked,
    limit,
    total,
    usual: await usualDistances(kept, looked, indexIn(example, 'validation'), signal),
  };
}

function checkQuery(count: number, most: number, space: NearestSpace): void {
  checkWhole(count, 1, mostNearest, `${count} nearest examples were asked for; expected`);
  if (!Number.isInteger(most) || most < 1)
    throw new UserError(`A look at ${most} examples was asked for; expected one or more.`);
  if (!['data', 'latent'].includes(space))
    throw new UserError(`Distances in "${space as string}" were asked for; expected data or latent.`);
}

/** Values that are compared in the blink of an eye, and the examples that are worth a longer look. */
const fewValues = 2 ** 20;
const worthALook = 10_000;

/** How many training examples are looked at: all of small ones; of others as many as memory and patience allow. */
function lookedAtMost({ dimensions, config }: InspectedFlow, space: NearestSpace): number {
  if (space === 'data') {
    const bytes = config.kind === 'image' && config.levels <= 256 ? 1 : 4;
    return Math.min(
      Math.max(worthALook, Math.floor(fewValues / dimensions)),
      Math.floor(mostBytes / (bytes * dimensions)),
    );
  }
  return dimensions <= 64 ? worthALook : dimensions <= 256 ? 4096 : dimensions <= 1024 ? 2048 : 512;
}

function indexIn(example: ExampleRef, split: 'train' | 'validation'): number | undefined {
  return example.kind === 'data' && example.split === split ? example.index : undefined;
}

/** [count, D] of what distances are measured between. */
async function features(
  { model, signal }: Inquiry,
  space: NearestSpace,
  { x, shown, count, context }: ExampleBatch,
): Promise<Float32Array> {
  return space === 'latent'
    ? encodeExamples(model.runner, x, count, { signal, context })
    : dataFeatures(model, cropImages(shown, count, model.config));
}

/** Features of examples of a split; their pixels need neither noise nor padding. */
async function splitFeatures(
  { model, signal }: Inquiry,
  space: NearestSpace,
  split: 'train' | 'validation',
  from: number,
  count: number,
): Promise<Float32Array> {
  if (space === 'latent')
    return features({ model, signal }, space, await dataExamples(model, split, from, count));
  const dataset = await model.data.open();
  const rows = await dataset[split].read(indexRange(from, count), { signal });
  return dataFeatures(model, splitContext(rows, dataset).features);
}

/** Pixels as integers, also those of samples, which the flow makes between them; coordinates in deviations. */
function dataFeatures(
  { config, standardization, dimensions }: InspectedFlow,
  bare: Float32Array,
): Float32Array {
  if (config.kind === 'image') {
    const last = config.levels - 1;
    return bare.map((value) => Math.min(last, Math.max(0, Math.floor(value))));
  }
  return standardization ? inDeviations(standardization, bare, dimensions) : bare;
}

/** What a unit of the features is worth. */
function unitOf({ config }: InspectedFlow, space: NearestSpace): number {
  return space === 'data' && config.kind === 'image' ? 1 / Math.max(1, config.levels - 1) : 1;
}

type Rows = Float32Array | Uint8Array;

/** Features of the first examples of a split, computed once and kept with the model. */
type KeptFeatures = ReturnType<typeof keepFeatures>;

interface Kept {
  train: KeptFeatures;
  held: KeptFeatures;
  /** Nearest distances of examples held out, by how many training examples were looked at. */
  usual: Map<number, Float64Array>;
}

const keptOf = new WeakMap<InspectedFlow, Partial<Record<NearestSpace, Kept>>>();

function featuresOf(model: InspectedFlow, space: NearestSpace): Kept {
  const known = keptOf.get(model) ?? {};
  keptOf.set(model, known);
  return (known[space] ??= {
    train: keepFeatures(model, space, 'train'),
    held: keepFeatures(model, space, 'validation'),
    usual: new Map(),
  });
}

function keepFeatures(model: InspectedFlow, space: NearestSpace, split: 'train' | 'validation') {
  const { config } = model;
  const bytes = space === 'data' && config.kind === 'image' && config.levels <= 256;
  const unit = unitOf(model, space) ** 2;
  /** Features of `block` examples each; the last block may be shorter. */
  const blocks: Rows[] = [];
  let size = 0;
  let known = 0;
  const row = (index: number): Rows => {
    const at = index % block;
    return blocks[Math.floor(index / block)]!.subarray(at * size, (at + 1) * size);
  };
  return {
    row,
    /** How many there are so far. */
    known: () => known,
    async reach(count: number, signal: AbortSignal) {
      // What a cancelled question came to is kept; the next one goes on from there.
      while (known < count) {
        await breathe(signal);
        const from = Math.floor(known / block) * block;
        const n = Math.min(block, count - from);
        const made = await splitFeatures({ model, signal }, space, split, from, n);
        // Another question may have come further meanwhile.
        if (from + n <= known) continue;
        size = made.length / n;
        blocks[from / block] = bytes ? Uint8Array.from(made) : made;
        known = from + n;
      }
    },
    /** Squared distances of the first `count` from a point. */
    async distances(point: Rows, count: number, signal: AbortSignal) {
      const out = new Float64Array(count);
      const from = Float64Array.from(point);
      let products = 0;
      for (let start = 0; start < count; start += block) {
        // In time slices: others want their answers too.
        if ((products += block * size) >= slice || start === 0) {
          products = 0;
          await breathe(signal);
        }
        squares(blocks[start / block]!, from, out, start, Math.min(block, count - start), unit);
      }
      return out;
    },
  };
}

/** Squared distances of the first `count` rows, in `unit`s, into `out` from `start` on. NaN counts as far away. */
function squares(
  rows: Rows,
  point: Float64Array,
  out: Float64Array,
  start: number,
  count: number,
  unit: number,
): void {
  const size = point.length;
  for (let i = 0, at = 0; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const difference = rows[at++]! - point[k]!;
      sum += difference * difference;
    }
    out[start + i] = Number.isNaN(sum) ? Infinity : unit * sum;
  }
}

/** Indices of the `count` smallest values, ascending; of equal ones the first. */
function smallest(values: Float64Array, count: number): Int32Array {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (found.length === count && !(values[i]! < values[found[count - 1]!]!)) continue;
    let at = found.length;
    while (at > 0 && values[i]! < values[found[at - 1]!]!) at--;
    found.splice(at, 0, i);
    if (found.length > count) found.pop();
  }
  return Int32Array.from(found);
}

async function usualDistances(
  { train, held, usual }: Kept,
  looked: number,
  without: number | undefined,
  signal: AbortSignal,
): Promise<Float32Array> {
  let all = usual.get(looked);
  if (!all) {
    const found: number[] = [];
    for (let i = 0; i < held.known(); i++) {
      const apart = await train.distances(held.row(i), looked, signal);
      found.push(Math.sqrt(apart.reduce((least, value) => Math.min(least, value), Infinity)));
    }
    usual.set(looked, (all = Float64Array.from(found)));
  }
  return Float32Array.from(all.filter((_, i) => i !== without)).sort();
}

/** The examples themselves and what they cost. */
async function described(
  { model, signal }: Inquiry,
  indices: Int32Array,
): Promise<Pick<NearestExamples, 'values' | 'nats' | 'bitsPerDim'>> {
  const batch = await examplesAt(model, 'train', indices, signal);
  const { count, shown } = batch;
  return {
    values: { shape: [count, ...exampleShape(model.runner)], data: cropImages(shown, count, model.config) },
    ...(await scoreBatch({ model, signal }, batch)),
  };
}
