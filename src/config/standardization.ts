import { columnMap, isInside, logSlope, mapped, unmapped, type ColumnMap } from './column-maps';

/** Per feature: what is subtracted and what is divided by, in data units, or of what a transform makes of them. */
export interface Standardization {
  mean: number[];
  std: number[];
  /** Maps of features that have one, as the config writes them; they come first. */
  transforms?: (string | null)[] | undefined;
  /** What the features are called. */
  names?: string[] | undefined;
}

/** By feature; undefined where no feature has a map. */
export function mapsOf({
  transforms,
}: Pick<Standardization, 'transforms'>): (ColumnMap | undefined)[] | undefined {
  return transforms?.map((text) => (text === null ? undefined : columnMap(text)));
}

/** What fills the gaps of each feature, in data units. */
export function dataMeans(fitted: Standardization): number[] {
  const maps = mapsOf(fitted);
  return fitted.mean.map((mean, d) => (maps?.[d] ? unmapped(maps[d], mean) : mean));
}

/** Features [N, dim] in deviations from 0, after their maps. */
export function inDeviations(fitted: Standardization, x: Float32Array, dim: number): Float32Array {
  const maps = mapsOf(fitted);
  return x.map((value, i) => {
    const map = maps?.[i % dim];
    return (map ? mapped(map, value) : value) / fitted.std[i % dim]!;
  });
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
