/**
 * What the values of a column are like that flows have trouble with: row numbers, few whole numbers, heavy tails, limits.
 * docs/data.md says which distributions the thresholds were measured on.
 */
import type { Limit, ValueFinding } from '../protocol/data';

/** Whole numbers with at most so many different values, each in so many rows on average, are classes or small counts. */
const fewWholes = 20;
const rowsOfEach = 10;
/** Fewer numbers in steps may be chance. */
const fewestInSteps = 50;
/** "id", "Order No.", "customer_id", "rowId". */
const identifierNames = [/(^|[\s_.-])(id|no\.?|nr\.?|uuid)$/i, /^(index|key)$/i, /[a-z\d]I[Dd]$/];
/** Fewer values say nothing of tails and limits. */
const fewest = 500;
/** A tail is looked at where a tenth of the values lie beyond, where so many or this share do, and in the middle of both. */
const beyond = 10;
const outermost = 0.0005;
/** How many times as fast as an exponential tail a heavy one grows, at each of the two steps. */
const tailGrowth = 1.13;
/** How far its farthest value lies from the median, in distances between the quartiles. */
const tailLength = 12;
/** A limit that this share of the values is, so many times as many as another value has. */
const atLimit = 0.01;
const asOthers = 5;
/** Shares of the values next to a limit, and how many times as many the next interval of the same width has at most. */
const nearLimit = [0.02, 0.05];
const mostInNext = 1.5;

/** All of the values, without gaps. */
export interface Values {
  name: string;
  /** Ascending. */
  sorted: Float64Array;
  /** Different values, where there are few. */
  distinct?: number;
  whole: boolean;
  /** For whole numbers that all differ: what all distances are multiples of. */
  step?: number;
}

/** @param rows of the table that the values are taken from */
export function findInValues(values: Values, rows: number): ValueFinding[] {
  const { sorted, distinct, whole } = values;
  if (sorted[0] === sorted.at(-1)) return [];
  if (isRowNumber(values, rows)) return [{ kind: 'row number' }];
  if (distinct !== undefined) {
    const isFew = whole && distinct <= fewWholes && sorted.length >= rowsOfEach * distinct;
    return isFew ? [{ kind: 'few values', distinct }] : [];
  }
  if (sorted.length < fewest) return [];
  const mirrored = sorted.map((value) => -value).reverse();
  const lowest = limitOf(sorted);
  const highest = limitOf(mirrored);
  // Values at a limit are not part of a tail.
  const [from, to] = [lowest?.equal ?? 0, sorted.length - (highest?.equal ?? 0)];
  const above = isHeavy(sorted.subarray(from, to));
  const below = isHeavy(mirrored.subarray(sorted.length - to, sorted.length - from));
  // A logarithm of what is heavy takes a limit at 0 away as well.
  const low = lowest && !(above && !below && lowest.equal === 0) ? asLimit(lowest, sorted.length) : undefined;
  const high =
    highest && !(below && !above && highest.equal === 0) ? asLimit(highest, sorted.length) : undefined;
  const findings: ValueFinding[] = [];
  if (above || below)
    findings.push({ kind: 'heavy tail', side: !below ? 'above' : above ? 'both' : 'below' });
  if (low || high)
    findings.push({
      kind: 'limits',
      ...(low ? { low } : {}),
      ...(high ? { high: { ...high, value: 0 - high.value } } : {}),
    });
  return findings;
}

function isRowNumber({ name, sorted, distinct, whole, step }: Values, rows: number): boolean {
  if (!whole) return false;
  const inSteps =
    step !== undefined && sorted.length >= fewestInSteps && (sorted.at(-1)! - sorted[0]!) / step < 2 * rows;
  return inSteps || (distinct === undefined && identifierNames.some((pattern) => pattern.test(name)));
}

/** Whether the tail above grows faster than an exponential distribution's, again and again and far out. */
function isHeavy(sorted: Float64Array): boolean {
  const count = sorted.length;
  if (count < 2 * beyond) return false;
  const quantile = (share: number): number => sorted[Math.min(count - 1, Math.floor(share * count))]!;
  const median = quantile(0.5);
  if (sorted[count - 1]! - median <= tailLength * (quantile(0.75) - quantile(0.25))) return false;
  const last = Math.max(outermost, beyond / count);
  const growth = [0.1, Math.sqrt(0.1 * last), last].map(
    (share) => (quantile(1 - share) - median) / Math.log(0.5 / share),
  );
  return growth[1]! > tailGrowth * growth[0]! && growth[2]! > tailGrowth * growth[1]!;
}

/** The lower end, if the density does not fade out there. */
function limitOf(sorted: Float64Array): { value: number; equal: number } | undefined {
  const count = sorted.length;
  const min = sorted[0]!;
  const equal = upTo(sorted, min);
  let different = 1;
  for (let i = 1; i < count; i++) if (sorted[i] !== sorted[i - 1]) different++;
  if (equal >= atLimit * count && equal * different > asOthers * count) return { value: min, equal };
  const widths = nearLimit.map((share) => sorted[Math.floor(share * count)]! - min);
  const isAbrupt = widths.every((width) => {
    const first = upTo(sorted, min + width);
    return upTo(sorted, min + 2 * width) - first <= mostInNext * first;
  });
  return isAbrupt ? { value: roundDown(min, widths[0]!), equal: 0 } : undefined;
}

/** The roundest number below a smallest value and not farther from it than that: what is drawn from 0 to 1 never is 0. */
function roundDown(value: number, farthest: number): number {
  const largest = Math.ceil(Math.log10(Math.abs(value) + farthest));
  for (let digit = largest; digit > largest - 16; digit--) {
    const rounded = Number((Math.floor(value / 10 ** digit) * 10 ** digit).toPrecision(15));
    if (rounded <= value && value - rounded <= farthest) return rounded + 0;
  }
  return value;
}

const asLimit = ({ value, equal }: { value: number; equal: number }, count: number): Limit => ({
  value,
  ...(equal > 0 ? { share: equal / count } : {}),
});

/** How many of ascending values are not above `value`. */
function upTo(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}
