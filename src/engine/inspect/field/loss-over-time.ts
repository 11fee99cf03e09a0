/** Where in time a field that is trained by flow matching still errs. */
import { UserError } from '../../../base/user-error';
import { concatenated } from '../../../base/rows';
import { range } from '../../../base/order';
import { stream } from '../../../data/random';
import type { LossOverTime } from '../../../protocol/field';
import { breathe } from '../../model/breathe';
import { dataExamples, type ExampleBatch } from '../../model/examples';
import { innerOf } from '../conditioner/inner';
import type { Inquiry } from '../inquiry';
import { examplesFed, throughBatch } from '../through-batch';

/** Times that are looked at, in the middle of parts of equal length. */
const places = 20;
const mostExamples = 512;
const mostRows = 5000;
/** Limit for pairs of a training row and an example, counted for each feature and time; more would take too long. */
const mostProducts = 2e8;
/** Effective rows that the median example needs; the mean slope over fewer is no estimate. */
const fewestRows = 100;
/** Logarithm of a weight over the largest, below which it adds nothing to a sum. */
const negligible = -25;

interface Lines {
  /** [N, D] each. */
  place: Float32Array;
  velocity: Float32Array;
  slope: Float32Array;
}

/**
 * The best field at a place is the mean slope of all lines through it (Lipman et al. 2023). A line through the place begins at a
 * training row with the probability of the noise that it then leads to, so that mean is known where rows are dense.
 * @throws UserError for a flow that was not trained on lines to random noise, or without validation examples; CancelledError
 */
export async function lossOverTime({ model, signal }: Inquiry): Promise<LossOverTime> {
  const slices = model.layers.flatMap(({ info }) => info.times ?? []);
  const program = await innerOf(model, 'The loss over time').lines();
  const { train, validation } = await model.data.open();
  if (validation.count === 0)
    throw new UserError('The loss over time is that of validation examples; the data have none.');
  const [from, to] = [slices[0]!.from, slices.at(-1)!.to];
  const size = model.dimensions;
  const count = Math.min(mostExamples, validation.count);
  const examples = await dataExamples(model, 'validation', 0, count);
  const most = Math.floor(mostProducts / (places * count * size));
  const rows = examples.context ? 0 : Math.min(mostRows, train.count, most);

  const at = async (batch: ExampleBatch, noise: Float32Array, share: number): Promise<Lines> => {
    const found = await throughBatch(model, batch, { signal }, (x, start) => {
      const n = x.shape[0]!;
      return program.run({
        ...examplesFed(x),
        noise: { shape: [n, size], data: noise.subarray(start * size, (start + n) * size) },
        share: { shape: [n, 1], data: new Float32Array(n).fill(share) },
      });
    });
    const of = (name: string) => concatenated(found.map((part) => part[name]!.data as Float32Array));
    return { place: of('place'), velocity: of('velocity'), slope: of('slope') };
  };

  const starts =
    rows > 0
      ? (await at(await dataExamples(model, 'train', 0, rows), new Float32Array(rows * size), 0)).place
      : undefined;
  const noise = stream(0, 'loss-over-time').normal(count * size);
  const shares = range(places).map((i) => (i + 0.5) / places);
  const loss: number[] = [];
  const error: number[] = [];
  for (const share of shares) {
    await breathe(signal);
    const lines = await at(examples, noise, share);
    const squares = lines.velocity.map((value, i) => (value - lines.slope[i]!) ** 2);
    loss.push(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    error.push(
      starts ? await distanceFromBest(lines, starts, { size, share, length: to - from, signal }) : NaN,
    );
  }
  return { count, times: shares.map((share) => from + (to - from) * share), loss, error, rows };
}

interface TimeOnLines {
  size: number;
  share: number;
  /** What the time adds from data to noise. */
  length: number;
  signal: AbortSignal;
}

/**
 * Mean square of the velocity's distance from the best field, without what the estimate of that field adds by its own variance.
 * @param starts [rows, size] in latents; NaN where too few of them count
 */
async function distanceFromBest(
  { place, velocity }: Lines,
  starts: Float32Array,
  { size, share, length, signal }: TimeOnLines,
): Promise<number> {
  const rows = starts.length / size;
  const weights = new Float64Array(rows);
  const mean = new Float64Array(size);
  const counted: number[] = [];
  let sum = 0;
  for (let i = 0; i < place.length; i += size) {
    if (i % (64 * size) === 0) await breathe(signal);
    let largest = -Infinity;
    for (let j = 0; j < rows; j++) {
      let square = 0;
      for (let k = 0; k < size; k++) square += (place[i + k]! - (1 - share) * starts[j * size + k]!) ** 2;
      weights[j] = -square / (2 * share * share);
      largest = Math.max(largest, weights[j]!);
    }
    let [total, squares] = [0, 0];
    mean.fill(0);
    for (let j = 0; j < rows; j++) {
      const weight = weights[j]! < largest + negligible ? 0 : Math.exp(weights[j]! - largest);
      weights[j] = weight;
      if (weight === 0) continue;
      total += weight;
      squares += weight * weight;
      for (let k = 0; k < size; k++) mean[k]! += weight * starts[j * size + k]!;
    }
    counted.push((total * total) / squares);
    for (let k = 0; k < size; k++) {
      mean[k]! /= total;
      const best = (place[i + k]! - mean[k]!) / (share * length);
      let spread = 0;
      for (let j = 0; j < rows; j++)
        if (weights[j]! > 0) spread += (weights[j]! * (starts[j * size + k]! - mean[k]!)) ** 2;
      sum += (velocity[i + k]! - best) ** 2 - spread / (total * share * length) ** 2;
    }
  }
  const usual = counted.toSorted((a, b) => a - b)[counted.length >> 1]!;
  return usual < fewestRows ? NaN : sum / place.length;
}
