import {
  columnTransform,
  isInside,
  logSlope,
  mapped,
  unmapped,
  type ColumnMap,
  type ColumnTransform,
} from './column-maps';

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
  const found = columnTransforms(fitted)?.flatMap((one, d) => (one?.integers ? [d] : []));
  return found && found.length > 0 ? found : undefined;
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
