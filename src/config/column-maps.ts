/** Maps of single columns from their bounds onto all numbers, so that a flow of the images never leaves the bounds. */
import { softplus } from '../base/softplus';

/** Values lie between the bounds and never on them; without an upper one, `high` is Infinity. Both are float32. */
export interface ColumnMap {
  low: number;
  high: number;
}

/** What a config says of one column. */
export interface ColumnTransform {
  /** Integers, which uniform noise in (0, 1) is added to; samples are rounded down. */
  integers: boolean;
  /** The map of the values, those of integers with their noise. */
  map?: ColumnMap;
}

/** What a transform may say. */
export const transformForms =
  '"log" (values > 0), "log:LOW" (values > LOW), "logit:LOW:HIGH" or "dequantize" (integers), also "dequantize:log:LOW" ' +
  '(integers from LOW) and "dequantize:logit:LOW:HIGH" (integers LOW to HIGH)';

/** Undefined for a text that is none of `transformForms`. */
export function columnTransform(text: string): ColumnTransform | undefined {
  if (text === 'dequantize') return { integers: true };
  const integers = text.startsWith('dequantize:');
  const map = columnMap(integers ? text.slice('dequantize:'.length) : text);
  if (!map) return undefined;
  if (!integers) return { integers, map };
  const { low, high } = map;
  return isLevel(low) && (high === Infinity || isLevel(high))
    ? { integers, map: { low, high: high + 1 } }
    : undefined;
}

/** Beyond, float32 has too few values between two integers for noise. */
const largestLevel = 2 ** 20;
export const isLevel = (x: number): boolean => Number.isInteger(x) && Math.abs(x) <= largestLevel;

/** Whether values to train on may be `x`. */
export const takes = (transform: ColumnTransform, x: number): boolean =>
  hasDensity(transform, x) && (!transform.integers || isLevel(x));

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
  const [kind, ...given] = text.split(':');
  const bounds = given.map((bound) => (bound.trim() === '' ? NaN : Math.fround(Number(bound))));
  if (kind === 'log' && bounds.length === 0) bounds.push(0);
  if (bounds.length !== { log: 1, logit: 2 }[kind as string] || !bounds.every(Number.isFinite))
    return undefined;
  const map = { low: bounds[0]!, high: bounds[1] ?? Infinity };
  const [least, most] = endsOf(map);
  return least < most && (kind === 'log' || Number.isFinite(Math.fround(map.high - map.low)))
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

export const isInside = ({ low, high }: ColumnMap, x: number): boolean => x > low && x < high;

/** ln(x − low), or ln((x − low) / (high − x)). */
export const mapped = ({ low, high }: ColumnMap, x: number): number =>
  Math.log(x - low) - (high === Infinity ? 0 : Math.log(high - x));

export const unmapped = ({ low, high }: ColumnMap, y: number): number =>
  high === Infinity ? low + Math.exp(y) : low + (high - low) / (1 + Math.exp(-y));

/** ln of the slope of `mapped` at the x that it maps to `y`. */
export const logSlope = ({ low, high }: ColumnMap, y: number): number =>
  high === Infinity ? -y : softplus(y) + softplus(-y) - Math.log(high - low);

/** What a unit of `mapped` is at `x` in units of x: of a logarithm there, of a logit where it is flattest. */
export const unitAt = ({ low, high }: ColumnMap, x: number): number =>
  high === Infinity ? x - low : (high - low) / 4;
