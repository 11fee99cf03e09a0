import type { Histogram } from '../protocol/tensors';

export interface FeatureStatistics {
  name: string;
  min: number;
  max: number;
  mean: number;
  std: number;
  histogram: Histogram;
  /** Different values, where there are few. */
  distinct?: number;
  /** Whether all values are whole numbers. */
  whole: boolean;
  /** Of whole numbers of which no two are equal: what all distances are multiples of. */
  step?: number;
}

const bins = 32;
type Numbers = Float32Array | Float64Array;

/** Values are counted up to here; more are "many". */
const few = 64;
/** Features that get a histogram and have their different values counted. */
const detailed = 256;

/** Statistics of each of `size` features over the values, without gaps, of rows that are added block by block; all values are kept until the end. */
export function createFeatureStatistics(size: number): {
  add(values: Numbers): void;
  finish(name: (feature: number) => string): FeatureStatistics[];
} {
  const parts: Numbers[] = [];
  return {
    add: (values) => void parts.push(values),
    finish: (name) =>
      Array.from({ length: size }, (_, d) => ({ name: name(d), ...describe(parts, d, size) })),
  };
}

function describe(parts: readonly Numbers[], d: number, size: number): Omit<FeatureStatistics, 'name'> {
  let [count, min, max, mean, squares] = [0, Infinity, -Infinity, 0, 0];
  const seen = d < detailed ? new Set<number>() : undefined;
  let whole = true;
  for (const values of parts) {
    for (let i = d; i < values.length; i += size) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      count++;
      whole &&= Number.isInteger(value);
      min = Math.min(min, value);
      max = Math.max(max, value);
      const distance = value - mean;
      mean += distance / count;
      squares += distance * (value - mean);
      if (seen && seen.size <= few) seen.add(value);
    }
  }
  // Gaps only.
  if (count === 0) [min, max, mean, squares] = [NaN, NaN, NaN, NaN];
  const counts = new Array<number>(bins).fill(0);
  const width = (max - min) / bins;
  if (d < detailed) {
    for (const values of parts) {
      for (let i = d; i < values.length; i += size) {
        if (Number.isNaN(values[i]!)) continue;
        counts[width > 0 ? Math.min(bins - 1, Math.floor((values[i]! - min) / width)) : 0]!++;
      }
    }
  }
  return {
    min,
    max,
    mean,
    std: Math.sqrt(squares / Math.max(1, count)),
    histogram: {
      edges: Array.from({ length: bins + 1 }, (_, i) => (i === bins ? max : min + i * width)),
      counts,
    },
    ...(seen && seen.size > 0 && seen.size <= few ? { distinct: seen.size } : {}),
    whole: whole && count > 0,
    ...(whole && d < detailed ? stepOf(parts, d, size) : {}),
  };
}

function stepOf(parts: readonly Numbers[], d: number, size: number): { step?: number } {
  const values = parts.flatMap((part) =>
    Array.from({ length: part.length / size }, (_, i) => part[i * size + d]!).filter(
      (value) => !Number.isNaN(value),
    ),
  );
  const sorted = Float64Array.from(values).sort();
  let step = 0;
  for (let i = 1; i < sorted.length; i++) {
    const distance = sorted[i]! - sorted[i - 1]!;
    if (distance === 0) return {};
    step = commonDivisor(distance, step);
  }
  return step > 0 ? { step } : {};
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
