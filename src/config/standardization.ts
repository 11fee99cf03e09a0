import { softplus } from '../base/softplus';

/** Per feature: what is subtracted and what is divided by, in data units, or of what a transform makes of them. */
export interface Standardization {
  mean: number[];
  std: number[];
  /** Transforms of features that have one, as the config writes them; they come first. */
  transforms?: (string | null)[] | undefined;
  /** What the features are called. */
  names?: string[] | undefined;
}

interface Transforms {
  transforms?: readonly (string | null)[] | undefined;
}

/** By feature; undefined where no feature has a transform. */
export function columnTransforms({ transforms }: Transforms): (ColumnTransform | undefined)[] | undefined {
  return transforms?.map((text) => (text === null ? undefined : columnTransform(text)));
}

/** The maps of features with bounds; undefined where no feature has a transform. */
export const mapsOf = (fitted: Transforms): (ColumnMap | undefined)[] | undefined =>
  columnTransforms(fitted)?.map((one) => one?.map);

/** Which features are integers that get noise; undefined where none is. */
export function integersOf(fitted: Transforms): number[] | undefined {
  const integers = columnTransforms(fitted)?.flatMap((one, d) => (one?.integers ? [d] : []));
  return integers && integers.length > 0 ? integers : undefined;
}

/** A value after its map; an integer at the middle of its noise. */
export function afterMap(transform: ColumnTransform | undefined, value: number): number {
  const x = transform?.integers ? Math.floor(value) + 0.5 : value;
  return transform?.map ? mapped(transform.map, x) : x;
}

/** The value in data units, an integer where the column has them. */
export function beforeMap(transform: ColumnTransform | undefined, y: number): number {
  const x = transform?.map ? unmapped(transform.map, y) : y;
  return transform?.integers ? Math.floor(x) : x;
}

/** What fills the gaps of each feature, in data units. */
export function dataMeans(fitted: Standardization): number[] {
  const transforms = columnTransforms(fitted);
  return fitted.mean.map((mean, d) => beforeMap(transforms?.[d], mean));
}

/** Features [N, dim] in deviations from 0, after their maps. */
export function inDeviations(fitted: Standardization, x: Float32Array, dim: number): Float32Array {
  const transforms = columnTransforms(fitted);
  return x.map((value, i) => afterMap(transforms?.[i % dim], value) / fitted.std[i % dim]!);
}

/** What each feature [N, dim] adds to the log-det of the step to the flow's input, nats. */
export function standardizingShares(fitted: Standardization, x: Float32Array, dim: number): Float64Array {
  const maps = mapsOf(fitted);
  return Float64Array.from(x, (value, i) => {
    const map = maps?.[i % dim];
    if (map && !isInside(map, value)) return -Infinity;
    return (map ? logSlope(map, mapped(map, value)) : 0) - Math.log(fitted.std[i % dim]!);
  });
}

/** Their sums for each of `count` examples, [N]; 0 where nothing is standardized. */
export function standardizingLogDets(
  fitted: Standardization | undefined,
  x: Float32Array,
  count: number,
): Float32Array {
  const sums = new Float32Array(count);
  const dim = x.length / count;
  if (fitted)
    standardizingShares(fitted, x, dim).forEach((share, i) => (sums[Math.floor(i / dim)]! += share));
  return sums;
}

/** What is left of a log-det without its part that standardizes, which is −∞ outside of the bounds of a map. */
export const withoutStandardizing = (total: number, part: number): number =>
  part === -Infinity ? 0 : total - part;

/** Values lie between the bounds and never on them; without an upper one, `high` is Infinity. All are float32. */
export interface ColumnMap {
  low: number;
  high: number;
  /** Where a circle is cut open, in [low, high): its values are counted from there. Absent for what is no circle. */
  cut?: number;
}

/** What a config says of one column. */
export type ColumnTransform = NonNullable<ReturnType<typeof columnTransform>>;

/** What a transform may say. */
export const transformForms =
  '"log" (values > 0), "log:LOW" (values > LOW), "logit:LOW:HIGH", "circular:LOW:HIGH" (HIGH is LOW again) or "dequantize" ' +
  '(integers), also "dequantize:log:LOW" (integers from LOW), "dequantize:logit:LOW:HIGH" and "dequantize:circular:LOW:HIGH" (integers LOW to HIGH)';

/** Undefined for a text that is none of `transformForms`. */
export function columnTransform(text: string) {
  if (text === 'dequantize') return { integers: true };
  /** Integers, which uniform noise in (0, 1) is added to; samples are rounded down. */
  const integers = text.startsWith('dequantize:');
  /** The map of the values, those of integers with their noise. */
  const map = columnMap(integers ? text.slice('dequantize:'.length) : text);
  if (!map) return undefined;
  if (!integers) return { integers, map };
  const { low, high } = map;
  return isLevel(low) && (high === Infinity || isLevel(high))
    ? { integers, map: { ...map, high: high + 1 } }
    : undefined;
}

/** Beyond, float32 has too few values between two integers for noise. */
const largestLevel = 2 ** 20;
export const isLevel = (x: number): boolean => Number.isInteger(x) && Math.abs(x) <= largestLevel;

/** Whether values to train on may be `x`. */
export const takes = (transform: ColumnTransform, x: number): boolean =>
  hasDensity(transform, x) &&
  (!transform.integers || isLevel(x)) &&
  !(transform.map && (x < transform.map.low || x > transform.map.high));

/** Whether a flow has a density at `x`, which may be an integer without its noise. */
export const hasDensity = ({ integers, map }: ColumnTransform, x: number): boolean =>
  !map || isInside(map, x) || (integers && x === map.low);

/** An integer with noise `u` in [0, 1), strictly between it and the next; other numbers have theirs already. */
export function withNoise(x: number, u: number): number {
  if (!Number.isInteger(x)) return x;
  const noisy = Math.fround(x + Math.max(u, 2 ** -25));
  if (noisy <= x) return next(x, 1);
  return noisy >= x + 1 ? next(x + 1, -1) : noisy;
}

/** A map as a transform writes it, without bounds that are not there. */
export function columnMap(text: string): ColumnMap | undefined {
  const [kind, ...parts] = text.split(':');
  const bounds = parts.map((bound) => (bound.trim() === '' ? NaN : Math.fround(Number(bound))));
  if (kind === 'log' && bounds.length === 0) bounds.push(0);
  const least = { log: 1, logit: 2, circular: 2 }[kind as string];
  const isCircle = kind === 'circular';
  if (bounds.length !== least && !(isCircle && bounds.length === 3)) return undefined;
  const [low, high = Infinity, cut = low] = bounds as [number, number?, number?];
  if (!bounds.every(Number.isFinite) || cut < low || cut >= high) return undefined;
  const map = { low, high, ...(isCircle ? { cut } : {}) };
  const ends = endsOf(map);
  return ends[0] < ends[1] && (kind === 'log' || Number.isFinite(Math.fround(map.high - map.low)))
    ? map
    : undefined;
}

/** The least and the largest float32 between the bounds. */
export const endsOf = ({ low, high }: ColumnMap): [number, number] => [next(low, 1), next(high, -1)];

const smallest = 2 ** -126;
export const largest = (2 - 2 ** -23) * 2 ** 127;

/** The float32 next to a value, without the subnormal ones. */
function next(value: number, direction: 1 | -1): number {
  if (value === Infinity) return largest;
  if (Math.abs(value) < smallest) return direction * smallest;
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0]! += value > 0 === direction > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0]!;
}

/** The largest float32 that added to the lower bound stays below the upper one. */
export function spanOf(map: ColumnMap): number {
  const most = endsOf(map)[1];
  let span = Math.fround(most - map.low);
  while (Math.fround(map.low + span) > most) span = next(span, -1);
  return span;
}

const isInside = ({ low, high, cut }: ColumnMap, x: number): boolean =>
  cut === undefined ? x > low && x < high : Number.isFinite(x);

/** A value of a circle as the one of [low, high) that it is. */
const onCircle = ({ low, high }: ColumnMap, x: number): number =>
  x - (high - low) * Math.floor((x - low) / (high - low));

/** ln(x − low), or ln((x − low) / (high − x)), of a circle with x counted from its cut. */
export function mapped(map: ColumnMap, value: number): number {
  const { low, high, cut } = map;
  const [least, most] = endsOf(map);
  const x = cut === undefined ? value : Math.min(Math.max(onCircle(map, value - cut + low), least), most);
  return Math.log(x - low) - (high === Infinity ? 0 : Math.log(high - x));
}

export function unmapped(map: ColumnMap, y: number): number {
  const { low, high, cut } = map;
  const x = high === Infinity ? low + Math.exp(y) : low + (high - low) / (1 + Math.exp(-y));
  return cut === undefined ? x : onCircle(map, x + cut - low);
}

/** ln of the slope of `mapped` at the x that it maps to `y`. */
const logSlope = ({ low, high }: ColumnMap, y: number): number =>
  high === Infinity ? -y : softplus(y) + softplus(-y) - Math.log(high - low);

/** What a unit of `mapped` is at `x` in units of x: of a logarithm there, of a logit where it is flattest. */
export const unitAt = ({ low, high }: ColumnMap, x: number): number =>
  high === Infinity ? x - low : (high - low) / 4;
