/**
 * Posterior predictive check of two features: held-out examples and one sample for the condition of each, and how far apart the two
 * sets are by their energy distance (Székely and Rizzo 2013, Journal of Statistical Planning and Inference 143).
 */
import { columnsAt, rowsAt } from '../../base/rows';
import { range } from '../../base/order';
import { UserError } from '../../base/user-error';
import { spread } from '../../data/dataset';
import { stream, type RandomStream } from '../../data/random';
import type { PairPlot } from '../../protocol/calibration';
import { breathe } from '../model/breathe';
import { fewestPairs, type Pairs, type Ranks } from './calibrate';

/** Examples, and a sample of the flow for the condition of each. */
export type Predicted = Pick<Pairs, 'count' | 'x'> & Pick<Ranks, 'samples'>;

export interface PairPlotOptions {
  /** Zero-based. */
  features: readonly [number, number];
  seed: number;
  signal?: AbortSignal | undefined;
}

/** Most pairs that count, evenly spaced among all: the matrix of distances is their number squared. */
const mostPairs = 1000;
const exchanges = 999;
/** After this many exchanges others get their turn. */
const atOnce = 50;
/** Significance level of the band and of the test. */
const significance = 0.01;

/**
 * @returns null where samples of hardly any pair are finite
 * @throws UserError for features that there are not; CancelledError
 */
export async function pairPlot(
  { count, x, samples }: Predicted,
  { features, seed, signal }: PairPlotOptions,
): Promise<PairPlot | null> {
  const size = x.length / count;
  checkFeatures(features, size);
  const finite = range(count).filter((pair) =>
    features.every((d) => Number.isFinite(samples[pair * size + d]) && Number.isFinite(x[pair * size + d])),
  );
  const rows = spread(mostPairs, finite.length).map((i) => finite[i]!);
  if (rows.length < fewestPairs) return null;
  const columns = (values: Float32Array) => columnsAt(rowsAt(values, size, rows), size, features);
  const [examples, drawn] = [columns(x), columns(samples)];
  const shape = [rows.length, 2];
  return {
    features: [...features],
    examples: { shape, data: examples },
    samples: { shape, data: drawn },
    ...(await energyTest(examples, drawn, stream(seed, 'calibrate-exchanges', ...features), signal)),
  };
}

function checkFeatures(features: readonly number[], size: number): void {
  const known = features.every((d) => Number.isInteger(d) && d >= 0 && d < size);
  if (known && features.length === 2 && features[0] !== features[1]) return;
  throw new UserError(
    `Features ${features.join(', ')} were asked for; expected two different ones of ${size}, numbered from 0.`,
  );
}

/**
 * In a calibrated flow example and sample of a pair have the same distribution, given their condition, and can be exchanged. So the
 * distance is compared with those after random exchanges within pairs, which makes the test exact.
 */
async function energyTest(
  examples: Float32Array,
  samples: Float32Array,
  draw: RandomStream,
  signal: AbortSignal | undefined,
): Promise<Pick<PairPlot, 'distance' | 'high' | 'pValue' | 'off'>> {
  const n = examples.length / 2;
  const { differences, total } = pairwise(examples, samples);
  const distance = energyDistance(differences, new Int8Array(n).fill(1), total);
  const others = new Float64Array(exchanges);
  for (let k = 0; k < exchanges; k++) {
    if (k % atOnce === 0) await breathe(signal);
    const signs = Int8Array.from(draw.uniform(n), (value) => (value < 0.5 ? 1 : -1));
    others[k] = energyDistance(differences, signs, total);
  }
  const asFar = others.reduce((sum, other) => sum + (other >= distance ? 1 : 0), 0);
  const pValue = (1 + asFar) / (1 + exchanges);
  others.sort();
  const high = others[Math.ceil((1 - significance) * exchanges) - 1]!;
  return { distance, high, pValue, off: pValue < significance };
}

/**
 * With the sign of an exchange for each pair, 2·Σ|xᵢ − yⱼ| − Σ|xᵢ − xⱼ| − Σ|yᵢ − yⱼ| is Σ sᵢ·sⱼ·dᵢⱼ of the differences
 * dᵢⱼ = |xᵢ − yⱼ| + |yᵢ − xⱼ| − |xᵢ − xⱼ| − |yᵢ − yⱼ|, and the sum of all distances stays. Features count in units of the
 * examples' standard deviation.
 */
function pairwise(examples: Float32Array, samples: Float32Array) {
  const [across, up] = [deviation(examples, 0), deviation(examples, 1)];
  const between = (a: Float32Array, i: number, b: Float32Array, j: number): number =>
    Math.hypot((a[2 * i]! - b[2 * j]!) / across, (a[2 * i + 1]! - b[2 * j + 1]!) / up);
  const n = examples.length / 2;
  let total = 0;
  // Differences between each pair and those before it and itself.
  const differences = Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(i + 1);
    for (let j = 0; j <= i; j++) {
      const apart = between(examples, i, samples, j) + between(samples, i, examples, j);
      const within = between(examples, i, examples, j) + between(samples, i, samples, j);
      row[j] = apart - within;
      total += (i === j ? 1 : 2) * (apart + within);
    }
    return row;
  });
  return { differences, total };
}

/** From 0 to 1: the energy distance over twice the mean distance of an example and a sample. */
function energyDistance(differences: readonly Float64Array[], signs: Int8Array, total: number): number {
  let energy = 0;
  differences.forEach((row, i) => {
    let sum = 0;
    for (let j = 0; j < i; j++) sum += signs[j]! * row[j]!;
    energy += 2 * signs[i]! * sum + row[i]!;
  });
  const apart = (energy + total) / 2;
  return apart > 0 ? Math.max(0, energy) / apart : 0;
}

function deviation(rows: Float32Array, column: number): number {
  const n = rows.length / 2;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) sum += rows[2 * i + column]!;
  for (let i = 0; i < n; i++) squares += (rows[2 * i + column]! - sum / n) ** 2;
  return Math.sqrt(squares / n) || 1;
}
