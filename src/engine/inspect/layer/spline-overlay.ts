/** What a spline's curve has besides its values: knots, an interval that values can leave, and bins that they lie in. */
import { rowOf } from '../../../base/shape';
import { hasTails, type KnotPart, type SplineInfo } from '../../../protocol/spline';
import type { NdArray } from '../../../protocol/tensors';
import type { SplineOverlay, TransformCurveView } from '../../../protocol/transform-curve';
import type { Feeds } from '../../backends/backend';
import { breathe } from '../../model/breathe';
import type { BatchAtLayer } from './batch-at-layer';

/** Shown of the axis, in intervals: a little more than it, so that the tails are seen. */
const reach = 1.15;
/** Places of a curve at least, and of a bin. */
const fewestPlaces = { curve: 97, bin: 2 };
/** From an edge of the interval to a place that is surely on one side of it, in bounds. */
const beside = 1e-5;
/** Knots that are computed at once. */
const knotsAtOnce = 2 ** 20;

/** Knots of the k mapped features of examples, [examples·k, K + 1] each. */
export type Knots = Record<KnotPart, NdArray<Float32Array>>;
export type Axis = TransformCurveView['axis'];

/** A batch at a layer with D features. */
export interface Seen {
  batch: BatchAtLayer;
  features: readonly number[];
  size: number;
  onAxis(x: number): number;
}

export function table(rows: readonly ArrayLike<number>[]): NdArray<Float32Array> {
  const columns = rows[0]!.length;
  const data = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => data.set(row, i * columns));
  return { shape: [rows.length, columns], data };
}

export const evenly = ({ low, high }: Axis, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low + (i / (count - 1)) * (high - low));

export function intervalOf({ center, bound }: SplineInfo, share = 1): Axis {
  return { low: center - share * bound, high: center + share * bound };
}

export const axisOfSpline = (spline: SplineInfo): Axis => intervalOf(spline, reach);

/** Where each value has an interval of its own, one that the knots of all features lie in, on both axes. */
export function withOwnInterval(spline: SplineInfo, { x, y }: Knots): SplineInfo {
  if (spline.ends !== 'lines') return spline;
  const all = [...x.data, ...y.data];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return { ...spline, center: (low + high) / 2, bound: (high - low) / 2 };
}

/** The knots and places between them, places next to both ends, and the ends of the axis: tails are lines. */
export function placesOn(spline: SplineInfo, knots: ArrayLike<number>, { low, high }: Axis): number[] {
  const { bins, bound } = spline;
  const inBin = Math.max(fewestPlaces.bin, Math.ceil(fewestPlaces.curve / bins));
  const inside = Array.from({ length: bins * inBin }, (_, i) => {
    const bin = Math.floor(i / inBin);
    return knots[bin]! + ((i % inBin) / inBin) * (knots[bin + 1]! - knots[bin]!);
  });
  const [first, last, step] = [knots[0]!, knots[bins]!, bound * beside];
  // The end of a circle is its beginning.
  if (!hasTails(spline)) return [...inside, last - step];
  return [
    Math.min(low, first - step),
    first - step,
    ...inside,
    last,
    last + step,
    Math.max(high, last + step),
  ];
}

/**
 * The place on a spline's own axis, which its knots are on, of a value that is given to it; and the value of the interval that has
 * a place, since half a turn is its own inverse.
 */
export function onSpline({ bound, center, ends }: SplineInfo, x: number): number {
  if (hasTails({ ends })) return x;
  const from = x - center - (ends === 'circular' ? -bound : 0);
  return center - bound + (from - 2 * bound * Math.floor(from / (2 * bound)));
}

/** Number of the bin that a value lies in, from 0; −1 outside. @param knots ascending, one more than bins */
export function binAt(knots: ArrayLike<number>, value: number): number {
  const last = knots.length - 1;
  if (!(value >= knots[0]! && value <= knots[last]!)) return -1;
  let bin = 0;
  while (bin < last - 1 && value >= knots[bin + 1]!) bin++;
  return bin;
}

/** Goes through the first `count` examples of a batch, about `most` at a time, with what a program of the layer is fed. */
export async function inParts(
  { values, contextOf }: BatchAtLayer,
  size: number,
  { count, most }: { count: number; most: number },
  signal: AbortSignal,
  part: (values: Float32Array, context: Feeds, start: number) => Promise<void>,
): Promise<void> {
  const together = Math.max(1, Math.floor(most));
  for (let start = 0; start < count; start += together) {
    await breathe(signal);
    const indices = Array.from({ length: Math.min(together, count - start) }, (_, i) => start + i);
    await part(values.subarray(start * size, (start + indices.length) * size), contextOf(indices), start);
  }
}

/** What the values of a batch do on splines of their own; and the values, a list for each feature. */
export async function countOnSplines(
  { batch, features, size, onAxis }: Seen,
  knotsOf: (values: Float32Array, count: number, context: Feeds) => Promise<Knots>,
  bins: number,
  signal: AbortSignal,
): Promise<{ values: Float32Array[] } & Pick<SplineOverlay, 'outside' | 'inOwnBins'>> {
  const { count } = batch;
  const values = features.map((i) =>
    Float32Array.from({ length: count }, (_, example) => onAxis(batch.values[example * size + i]!)),
  );
  const outside = new Float32Array(features.length);
  const inOwnBins = table(features.map(() => new Float32Array(bins)));
  const most = knotsAtOnce / (size * (bins + 1));
  await inParts(batch, size, { count, most }, signal, async (part, context, start) => {
    const examples = part.length / size;
    const { x } = await knotsOf(part, examples, context);
    for (let i = 0; i < examples; i++)
      features.forEach((_, row) => {
        const bin = binAt(rowOf(x, i * features.length + row), values[row]![start + i]!);
        if (bin >= 0) rowOf(inOwnBins, row)[bin]!++;
        else outside[row]!++;
      });
  });
  return { values, outside: outside.map((n) => n / count), inOwnBins };
}

/** Values of each feature in the bins of one spline. @param values a list for each feature @param x [k, K + 1] */
export function countBins(values: readonly Float32Array[], x: NdArray<Float32Array>): NdArray<Float32Array> {
  return table(
    values.map((own, row) => {
      const knots = rowOf(x, row);
      const bins = new Float32Array(knots.length - 1);
      for (const value of own) {
        const bin = binAt(knots, value);
        if (bin >= 0) bins[bin]!++;
      }
      return bins;
    }),
  );
}
