import { isLevel } from '../config/standardization';
import type { NumberSummary } from '../protocol/data';
import type { Histogram } from '../protocol/tensors';
import { findInValues } from './value-shape';

export interface FeatureStatistics extends NumberSummary {
  name: string;
  histogram: Histogram;
  /** Different values, where there are few. */
  distinct?: number;
}

const bins = 32;
type Numbers = Float32Array | Float64Array;

/** Values are counted up to here; more are "many". */
const few = 64;
/** Features that get a histogram, quartiles and findings, and have their different values counted. */
const detailed = 256;

/**
 * Statistics of each of `size` features over the values, without gaps, of rows that are added block by block; all values are
 * kept until the end.
 */
export function createFeatureStatistics(size: number): {
  add(values: Numbers): void;
  /** @param rows of the table that the values are taken from */
  finish(name: (feature: number) => string, rows: number): FeatureStatistics[];
} {
  const parts: Numbers[] = [];
  return {
    add: (values) => void parts.push(values),
    finish: (name, rows) =>
      Array.from({ length: size }, (_, d) => describe(parts, { d, size, name: name(d), rows })),
  };
}

function describe(
  parts: readonly Numbers[],
  { d, size, name, rows }: { d: number; size: number; name: string; rows: number },
): FeatureStatistics {
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
  const sorted = d < detailed && count > 0 ? sortedValues(parts, { d, size, count }) : undefined;
  const distinct = seen && seen.size > 0 && seen.size <= few ? { distinct: seen.size } : {};
  const step = sorted && whole ? stepOf(sorted) : undefined;
  const values = sorted && { name, sorted, whole, ...distinct, ...(step === undefined ? {} : { step }) };
  const findings = values ? findInValues(values, rows) : [];
  return {
    name,
    min,
    max,
    mean,
    std: Math.sqrt(squares / Math.max(1, count)),
    histogram: {
      edges: Array.from({ length: bins + 1 }, (_, i) => (i === bins ? max : min + i * width)),
      counts,
    },
    ...(sorted ? { quartiles: quartilesOf(sorted) } : {}),
    ...distinct,
    ...(findings.length > 0 ? { findings } : {}),
    ...(sorted && whole && !findings.some(({ kind }) => kind === 'row number') ? sharedNumbers(sorted) : {}),
  };
}

/** Values that hardly any two rows share are as good as continuous. */
function sharedNumbers(sorted: Float64Array): Pick<NumberSummary, 'wholeNumbers'> {
  const different = sorted.reduce((sum, value, i) => sum + Number(i === 0 || value !== sorted[i - 1]), 0);
  const hasRoom = isLevel(sorted[0]!) && isLevel(sorted.at(-1)!);
  return different > 1 && sorted.length >= 2 * different && hasRoom ? { wholeNumbers: different } : {};
}

/** Without gaps. */
function sortedValues(
  parts: readonly Numbers[],
  { d, size, count }: { d: number; size: number; count: number },
): Float64Array {
  const sorted = new Float64Array(count);
  let filled = 0;
  for (const values of parts) {
    for (let i = d; i < values.length; i += size) {
      if (!Number.isNaN(values[i]!)) sorted[filled++] = values[i]!;
    }
  }
  return sorted.sort();
}

function quartilesOf(sorted: Float64Array): [number, number, number] {
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)]!;
    return below + (place % 1) * (sorted[Math.ceil(place)]! - below);
  };
  return [at(0.25), at(0.5), at(0.75)];
}

/** What all distances of values of which no two are equal are multiples of. */
function stepOf(sorted: Float64Array): number | undefined {
  let step = 0;
  for (let i = 1; i < sorted.length; i++) {
    const distance = sorted[i]! - sorted[i - 1]!;
    if (distance === 0) return undefined;
    step = commonDivisor(distance, step);
  }
  return step > 0 ? step : undefined;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
