/** The size of a chart, px. */
export interface Size {
  width: number;
  height: number;
}

/** From values to pixels. */
export interface Axis {
  low: number;
  high: number;
  at(value: number): number;
}

export function linear(low: number, high: number, from: number, to: number): Axis {
  const span = high - low || 1;
  return { low, high, at: (value) => from + ((value - low) / span) * (to - from) };
}

/** Ticks whose labels do not touch: a label that comes closer than `gap` pixels to the one before is left out. */
export function spaced(values: readonly number[], axis: Axis, gap: number): number[] {
  let last = -Infinity;
  return values.filter((value) => {
    const place = axis.at(value);
    if (Math.abs(place - last) < gap) return false;
    last = place;
    return true;
  });
}

/** Pixels that the widest of some labels of charts takes. */
export const widest = (labels: readonly string[]): number =>
  6.6 * Math.max(0, ...labels.map((label) => label.length));

/** Linear around 0, up to about `unit`, and logarithmic farther out on both sides. */
export function symmetricLog(low: number, high: number, from: number, to: number, unit: number): Axis {
  const place = (value: number): number => Math.asinh(value / unit);
  const { at } = linear(place(low), place(high), from, to);
  return { low, high, at: (value) => at(place(value)) };
}

export function logarithmic(low: number, high: number, from: number, to: number): Axis {
  const a = Math.log10(low);
  const span = Math.log10(high) - a || 1;
  return {
    low,
    high,
    at: (value) => from + ((Math.log10(Math.max(value, Number.MIN_VALUE)) - a) / span) * (to - from),
  };
}
