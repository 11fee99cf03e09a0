/** The language of the page, and numbers as a person reads them in it: a true minus, fixed decimals, powers of ten. */
import { languageOf, type Language } from '../../../src/protocol/language';
import { powerOfTen } from '../../../src/base/digits';

/** Outside of a document, as in a test, English. */
export const chosenLanguage: Language = languageOf(
  typeof document === 'undefined' ? undefined : document.documentElement.lang,
);

/** One of two in the chosen language. */
export const inLanguage = <T>(english: T, german: T): T => (chosenLanguage === 'de' ? german : english);

/** A text in both languages; alone where they share it. */
export type Both = string | readonly [english: string, german: string];

type List = readonly (string | List)[];
type Entry = Both | readonly [english: List, german: List] | ((...values: never[]) => Both) | Table;

interface Table {
  readonly [name: string]: Entry;
}

type Widened<T> = T extends string ? string : { readonly [I in keyof T]: Widened<T[I]> };
type Chosen<E> = E extends readonly [infer T, unknown]
  ? Widened<T>
  : E extends (...values: infer Values) => Both
    ? (...values: Values) => string
    : E extends string
      ? string
      : { readonly [Name in keyof E]: Chosen<E[Name]> };

/** The texts of a table in the chosen language. Each stands in it once, with its values, in both languages. */
export const bilingual = <const T extends Table>(table: T): Chosen<T> => chosen(table) as Chosen<T>;

function chosen(entry: Entry): unknown {
  if (typeof entry === 'string') return entry;
  if (typeof entry === 'function') return (...values: never[]) => chosen(entry(...values));
  if (Array.isArray(entry)) return inLanguage<unknown>(entry[0], entry[1]);
  return Object.fromEntries(Object.entries(entry).map(([name, inner]) => [name, chosen(inner as Entry)]));
}

/** Without a thousands mark that another language reads as a decimal one: German has a thin space (DIN 1333). */
const marks = {
  en: { decimal: '.', thousands: ',', percent: '%' },
  de: { decimal: ',', thousands: '\u202f', percent: '\u00a0%' },
}[chosenLanguage];

/** Digits of `toFixed` or `String` with the decimal mark of the language. */
export function decimal(digits: string): string {
  return marks.decimal === '.' ? digits : digits.replace('.', marks.decimal);
}

export const unknown = '–';

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
}

export function fixed(value: number | undefined, decimals = 2): string {
  if (value === undefined) return unknown;
  if (!Number.isFinite(value)) return nonFinite(value);
  if (Math.abs(value) >= 1e6) return scientific(value);
  const text = Math.abs(value).toFixed(decimals);
  return `${value < 0 && Number(text) !== 0 ? '−' : ''}${decimal(text)}`;
}

/** Decimals of a number with this error: two, or as many as the error has to have a digit. */
export const decimalsOf = (error: number): number =>
  error > 0 && error < 0.01 ? Math.min(6, Math.ceil(-Math.log10(error))) : error >= 1 ? 1 : 2;

/** With its sign, also a plus. */
export function signed(value: number | undefined, decimals = 1): string {
  const text = fixed(value, decimals);
  const plus = value !== undefined && Number.isFinite(value) && Number(value.toFixed(decimals)) > 0;
  return plus ? `+${text}` : text;
}

/** One decimal and a power of ten, for errors: 4.8·10⁻⁷; without a power where that is as short: 0.49. */
export function scientific(value: number | undefined): string {
  if (value === undefined) return unknown;
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return '0';
  if (Math.abs(value) >= 0.095 && Math.abs(value) < 99.5) return fixed(value, Math.abs(value) < 9.95 ? 2 : 1);
  const [mantissa = '', exponent] = Math.abs(value).toExponential(1).split('e');
  return `${value < 0 ? '−' : ''}${decimal(mantissa)}·${powerOfTen(Number(exponent))}`;
}

/** A share as text: 45%, in German with a space that does not break. */
export function percent(share: number, decimals = 0): string {
  return `${fixed(share * 100, decimals)}${marks.percent}`;
}

/** Counts that must stay narrow: 12,345 is 12k. */
export function short(value: number): string {
  return value < 10_000
    ? count(value)
    : value < 1e6
      ? `${Math.round(value / 1000)}k`
      : `${decimal((value / 1e6).toFixed(1))}M`;
}

/** A count of values in a model as text: 12,345, and 1.27 M from a million on. */
export function large(value: number): string {
  const [size, unit] = value >= 1e9 ? [1e9, 'G'] : [1e6, 'M'];
  return value < 1e6 ? count(value) : `${decimal((value / size).toFixed(2))} ${unit}`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', marks.thousands);
}

/** "1 gap", "12 gaps". */
export const several = (n: number, one: string, many: string): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** As many decimals as four figures leave room for; scientific when very large or small. */
export function compact(value: number | undefined): string {
  if (value === undefined) return unknown;
  if (!Number.isFinite(value)) return nonFinite(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return scientific(value);
  return fixed(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 0.1 || size === 0 ? 2 : 4);
}

/** For numbers from `low` to `high`: with digits enough to tell these apart. */
export function between(low: number, high: number): (value: number) => string {
  if (!(high > low) || compact(low) !== compact(high)) return compact;
  const size = Math.max(Math.abs(low), Math.abs(high));
  const digits = Math.min(17, 3 + Math.ceil(Math.log10(size / (high - low))));
  return (value) => withDigits(value, digits);
}

function withDigits(value: number, digits: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size !== 0 && size < 1e-3) {
    const [mantissa = '', exponent] = size.toExponential(digits - 1).split('e');
    return `${sign}${decimal(mantissa)}·${powerOfTen(Number(exponent))}`;
  }
  const text = size.toLocaleString('en-US', { maximumSignificantDigits: digits });
  return sign + text.replace(/[.,]/g, (mark) => (mark === '.' ? marks.decimal : marks.thousands));
}

/** Formatter for numbers that are shown together: all get as many decimals as the smallest needs. */
export function alike(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (sizes.length === 0 || most >= 1000 || most < 0.1 || least < 1e-3) return compact;
  const decimals = Math.max(most >= 100 ? 1 : 2, Math.ceil(-Math.log10(least)));
  return (value) => fixed(value, decimals);
}

/** Rounded so that they add up to their rounded sum: those with the largest rounding error give way. */
export function addingUp(values: readonly number[], decimals: number): number[] {
  const unit = 10 ** -decimals;
  const rounded = values.map((value) => Math.round(value / unit));
  const errorOf = (i: number): number => rounded[i]! - values[i]! / unit;
  const sum = values.reduce((total, value) => total + value, 0);
  const off = rounded.reduce((total, value) => total + value, 0) - Math.round(sum / unit);
  const byError = [...values.keys()].sort((a, b) => Math.sign(off) * (errorOf(b) - errorOf(a)));
  for (const i of byError.slice(0, Math.abs(off))) rounded[i]! -= Math.sign(off);
  return rounded.map((value) => value * unit);
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${decimal((value / 1024).toFixed(1))} KB`;
  return `${decimal((value / 1024 / 1024).toFixed(1))} MB`;
}

export function shapeText(shape: readonly (number | string)[]): string {
  return shape.length ? shape.join('×') : 'scalar';
}

/** The smallest of the steps × 10ᵏ that is not below a value; 1 for nothing to show. */
const smallestOf =
  (...steps: readonly number[]) =>
  (value: number): number => {
    if (!(value > 0) || !Number.isFinite(value)) return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return power * (steps.find((step) => step * power >= value * 0.999999) ?? 10);
  };

export const roundUp = smallestOf(1, 1.5, 2, 2.5, 3, 4, 5, 6, 8);

/** The end of an axis that grows and is to change seldom. */
export const nextRound = smallestOf(1, 2, 5);

/** 1, 2 and 5 times the powers of ten within [low, high]; only the powers when that would be many. */
export function logTicks(low: number, high: number): number[] {
  const result: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
    for (const m of high / low > 100 ? [1] : [1, 2, 5]) {
      const value = m * 10 ** e;
      if (value >= low && value <= high) result.push(Number(value.toPrecision(3)));
    }
  return result;
}

/** 0 and few powers of ten on both sides, on an axis that is linear up to `unit`. */
export function symmetricTicks(low: number, high: number, unit: number): number[] {
  const first = Math.ceil(Math.log10(unit)) + 1;
  const last = Math.floor(Math.log10(Math.max(-low, high)));
  const middle = Math.round((first + last) / 2);
  const powers = (last > first ? [middle, last] : [last]).map((e) => Number(`1e${e}`));
  return [...powers.toReversed().map((power) => -power), 0, ...powers].filter(
    (value) => value >= low && value <= high,
  );
}

/** A tick without needless decimals. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return scientific(value);
  return decimal(String(Number(value.toPrecision(6))).replace('-', '−'));
}

/** A name that fits: its middle left out, so that start and ending stay. */
export function shortened(name: string, most: number): string {
  const end = Math.floor((most - 1) / 2.5);
  return name.length > most ? `${name.slice(0, most - 1 - end)}…${name.slice(-end)}` : name;
}
