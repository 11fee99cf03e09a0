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

export function logarithmic(low: number, high: number, from: number, to: number): Axis {
  const a = Math.log10(low);
  const span = Math.log10(high) - a || 1;
  return {
    low,
    high,
    at: (value) => from + ((Math.log10(Math.max(value, Number.MIN_VALUE)) - a) / span) * (to - from),
  };
}
