/** Statistics of ranks: how far they are from uniform, and what chance alone shows. */
import type { CalibrationProblem, RankCurve, RankHistogram, RankTest } from '../../protocol/calibration';

/** Share of results by chance that are within a band. */
const inBand = 0.99;
const mostBins = 20;
/** In each bin of a histogram, at least: fewer would leave a band from 0. */
const leastExpected = 10;

/**
 * Largest difference between the distribution function of numbers in [0, 1] and the uniform one (Kolmogorov–Smirnov).
 * @param sorted from the least
 */
export function uniformDistance(sorted: ArrayLike<number>): number {
  const n = sorted.length;
  let largest = 0;
  for (let i = 0; i < n; i++) {
    largest = Math.max(largest, sorted[i]! - i / n, (i + 1) / n - sorted[i]!);
  }
  return largest;
}

/**
 * P(D ≥ distance) of a Kolmogorov–Smirnov distance of n numbers: the limit distribution with the correction of
 * M. A. Stephens (1970), Journal of the Royal Statistical Society B 32, within 0.01 from n = 5 and better for more.
 */
export function distancePValue(distance: number, n: number): number {
  const root = Math.sqrt(n);
  const x = (root + 0.12 + 0.11 / root) * distance;
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1) {
    // The series below alternates slowly here; this one is the same function (Jacobi's theta).
    for (let j = 1; j <= 7; j += 2) sum += Math.exp((-j * j * Math.PI ** 2) / (8 * x * x));
    return Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum);
  }
  for (let j = 1; j <= 6; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * j * j * x * x);
  return Math.min(1, Math.max(0, sum));
}

/** [low, high] with at most half of 1 − `inBand` below and above, of a binomial count of n trials of chance p. */
export function binomialBand(n: number, p: number): [low: number, high: number] {
  if (p <= 0) return [0, 0];
  if (p >= 1) return [n, n];
  const tail = (1 - inBand) / 2;
  const odds = Math.log(p) - Math.log1p(-p);
  // In logarithms, for the first terms of a long row are below the smallest number.
  let logTerm = n * Math.log1p(-p);
  let below = 0;
  let low: number | undefined;
  for (let k = 0; k < n; k++) {
    below += Math.exp(logTerm);
    if (low === undefined && below > tail) low = k;
    if (below >= 1 - tail) return [low ?? k, k];
    logTerm += odds + Math.log(n - k) - Math.log(k + 1);
  }
  return [low ?? n, n];
}

export function histogramOf(places: ArrayLike<number>): RankHistogram {
  const n = places.length;
  const bins = Math.max(2, Math.min(mostBins, Math.floor(n / leastExpected)));
  const counts = Array<number>(bins).fill(0);
  for (let i = 0; i < n; i++) counts[Math.min(bins - 1, Math.floor(places[i]! * bins))]!++;
  const [low, high] = binomialBand(n, 1 / bins);
  return { counts, expected: n / bins, low, high };
}

/**
 * What a place is: of a feature, 0 below all samples and 1 above them; of a density, 0 above all and 1 below them; of a distance,
 * 0 nearer to a reference point than all samples and 1 farther.
 */
export type Reading = 'feature' | 'density' | 'distance';

function problemOf(reading: Reading, mean: number, spread: number, n: number): CalibrationProblem {
  if (reading === 'density') return mean > 0.5 ? 'too narrow' : 'too wide';
  // In standard errors: uniform u has the variance 1/12, (u − 1/2)² has 1/180. Ranks that are all at one end spread
  // far from 1/2 too, so what the mean explains does not count as spread.
  const shifted = (mean - 0.5) * Math.sqrt(12 * n);
  const spreads = ((spread ** 2 - 1) / 12 - (mean - 0.5) ** 2) * Math.sqrt(180 * n);
  if (Math.abs(shifted) < Math.abs(spreads)) return spreads > 0 ? 'too narrow' : 'too wide';
  if (reading === 'distance') return 'skewed';
  return shifted > 0 ? 'too low' : 'too high';
}

/**
 * @param draws samples that each rank is out of
 * @param jitter [n], uniform in [0, 1)
 * @param threshold of the p-value
 */
export function rankTest(
  ranks: Int32Array,
  draws: number,
  jitter: ArrayLike<number>,
  { reading, threshold }: { reading: Reading; threshold: number },
): RankTest {
  const n = ranks.length;
  const places = Float64Array.from(ranks, (rank, i) => (rank + jitter[i]!) / (draws + 1));
  const distance = uniformDistance(places.slice().sort());
  const pValue = distancePValue(distance, n);
  const mean = places.reduce((sum, place) => sum + place, 0) / n;
  const spread = Math.sqrt((12 * places.reduce((sum, place) => sum + (place - 0.5) ** 2, 0)) / n);
  return {
    ...{ ranks, places, distance, pValue, mean, spread },
    ...(pValue < threshold ? { off: problemOf(reading, mean, spread, n) } : {}),
    histogram: histogramOf(places),
  };
}

/** The distribution function of places at steps of evenly spaced levels. */
export function curveOf(places: Float64Array): RankCurve {
  const sorted = places.slice().sort();
  const count = sorted.length;
  const levels = Array.from({ length: 51 }, (_, i) => i / 50);
  const bands = levels.map((level) => binomialBand(count, level));
  let below = 0;
  const found = levels.map((level) => {
    while (below < count && sorted[below]! <= level) below++;
    return below / count;
  });
  return {
    levels,
    found,
    low: bands.map(([low]) => low / count),
    high: bands.map(([, high]) => high / count),
  };
}
