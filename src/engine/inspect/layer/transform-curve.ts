/** The curves by which a layer maps its features at one example, where the example goes, and what the batch does on them. */
import { extentOf } from '../../../base/rows';
import { rowOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { hasCurves } from '../../../protocol/questions';
import type { NdArray } from '../../../protocol/tensors';
import {
  curveBars,
  type CurveBatch,
  type TransformCurveQuery,
  type TransformCurveView,
  type SplineOverlay,
} from '../../../protocol/transform-curve';
import { recordKey } from '../../../protocol/webview';
import type { Feeds } from '../../backends/backend';
import { breathe } from '../../model/breathe';
import { layerAt } from '../../model/inspected-flow';
import { batchAtLayer, type BatchAtLayer } from './batch-at-layer';
import { innerOf } from '../conditioner/inner';
import { mappedFeatures } from '../conditioner/inner-graphs';
import { layerContext, stillPass } from '../pass';
import { hasTails, type KnotPart, type SplineInfo } from '../../../protocol/spline';
import type { SharedInquiry } from '../inquiry';

/** Examples of the batch that are looked at, and curves that a band is of. */
const mostExamples = 2000;
const mostCurves = 200;
const fewestCurves = 10;
/** Values, counted over all bins, that are computed at once, and that the curves of a band are of unless those are few. */
const mostValues = 2 ** 21;
/** Places of a curve that is not a spline. */
const usualPlaces = 97;
/** Shown beyond the values of the batch, as a share of their span. */
const margin = 0.05;

/** By running statistics, whatever the selection's mode. @throws UserError for a layer without curves, CancelledError */
export async function transformCurve(
  { model, work, signal }: SharedInquiry,
  query: TransformCurveQuery,
): Promise<TransformCurveView> {
  const layer = layerAt(model, query.layer);
  const { index, name, spline: facts } = layer.info;
  if (!hasCurves(layer.info)) {
    throw new UserError(
      `The layer ${name} has no curves; couplings and autoregressive layers over rows of numbers have them.`,
    );
  }
  const inner = innerOf(model, 'A curve');
  const pass = await stillPass({ model, work, signal }, query);
  const context = layerContext(pass, model);
  const { data: example } = pass.layers[index]!.input;
  const features = mappedFeatures(layer);
  const k = features.length;
  const key = { layer: index, batch: query.batch };
  const batch = await work.run(recordKey('transformCurve', key), signal, (sharedSignal) =>
    batchAtLayer({ model, signal: sharedSignal }, inner, index, { batch: query.batch, most: mostExamples }),
  );

  const program = facts && (await inner.knots(index));
  const knotsOf = async (values: Float32Array, count: number, contextFeeds: Feeds): Promise<Knots> =>
    (await program!.run({ h: { shape: [count, example.length], data: values }, ...contextFeeds })) as Knots;
  const knots = facts && (await knotsOf(example, 1, context));
  const spline = knots && withOwnInterval(facts, knots);
  const onAxis = (x: number): number => (spline ? onSpline(spline, x) : x);
  const axis = spline ? intervalOf(spline, reach) : axisOfValues(batch.values, example, features);

  const x = features.map((_, row) =>
    spline ? placesOn(spline, rowOf(knots.x, row), axis) : evenly(axis, usualPlaces),
  );
  const places = x[0]!.length;
  // Behind the places of the curve comes where the example is itself.
  const curves = await inner.curve(index, places + 1);
  const curvesAt = async (values: Float32Array, contextFeeds: Feeds, at: NdArray<Float32Array>) =>
    (await curves.run({
      h: { shape: [values.length / example.length, example.length], data: values },
      at,
      ...contextFeeds,
    })) as Record<'y' | 'logDerivative', NdArray<Float32Array>>;
  await breathe(signal);
  const at = table(x.map((values, row) => [...values.map(onAxis), example[features[row]!]!]));
  const shown = await curvesAt(example, context, at);
  const before = (values: NdArray<Float32Array>): NdArray<Float32Array> =>
    table(features.map((_, row) => rowOf(values, row).subarray(0, places)));
  const last = (values: NdArray<Float32Array>): Float32Array =>
    Float32Array.from(features, (_, row) => rowOf(values, row)[places]!);

  const seen: Seen = { batch, features, size: example.length, onAxis };
  const onBatch = await work.run(
    recordKey('transformCurve', { ...key, axis }),
    signal,
    async (sharedSignal) => {
      const most = mostValues / (k * (places + 1) * (spline?.bins ?? 1));
      const xs = spline ? placesOn(spline, evenly(intervalOf(spline), spline.bins + 1), axis) : x[0]!;
      const band = table(features.map(() => [...xs.map(onAxis), 0]));
      return {
        curves: {
          count: batch.count,
          counts: countBars(seen, axis),
          places: Float32Array.from(xs),
          ...(await bandOf(
            seen,
            places,
            most,
            async (values, contextFeeds) => (await curvesAt(values, contextFeeds, band)).y,
            sharedSignal,
          )),
        },
        splines: spline && (await countOnSplines(seen, knotsOf, spline.bins, sharedSignal)),
      };
    },
  );

  const from = Float32Array.from(features, (i) => onAxis(example[i]!));
  return {
    layer: index,
    features: Int32Array.from(features),
    axis,
    curve: { x: table(x), y: before(shown.y), logDerivative: before(shown.logDerivative) },
    from,
    to: last(shown.y),
    logDerivative: last(shown.logDerivative),
    batch: onBatch.curves,
    ...(spline &&
      onBatch.splines && {
        spline: {
          ...spline,
          knots,
          bin: Int32Array.from(from, (value, row) => binAt(rowOf(knots.x, row), value)),
          outside: onBatch.splines.outside,
          inOwnBins: onBatch.splines.inOwnBins,
          inBins: countBins(onBatch.splines.values, knots.x),
        },
      }),
  };
}

/** What holds the mapped values of the batch and of the example, as far as they are finite. */
function axisOfValues(batch: Float32Array, example: Float32Array, features: readonly number[]): Axis {
  const size = example.length;
  const ends = features.flatMap((i) => [extentOf(batch, size, i), extentOf(example, size, i)]);
  const low = Math.min(...ends.map(([least]) => least));
  const high = Math.max(...ends.map(([, largest]) => largest));
  if (low > high) return { low: -1, high: 1 };
  const more = (high - low) * margin || Math.max(1, Math.abs(low) * margin);
  return { low: low - more, high: high + more };
}

/** Values of each feature by size; those beyond the axis are in the outermost bars. */
function countBars({ batch, features, size, onAxis }: Seen, { low, high }: Axis): NdArray<Float32Array> {
  return table(
    features.map((feature) => {
      const bars = new Float32Array(curveBars);
      for (let example = 0; example < batch.count; example++) {
        const value = onAxis(batch.values[example * size + feature]!);
        if (Number.isNaN(value)) continue;
        const bar = Math.floor(((value - low) / (high - low)) * curveBars);
        bars[Math.min(curveBars - 1, Math.max(0, bar))]!++;
      }
      return bars;
    }),
  );
}

/** What a tenth and nine tenths of the curves of a batch stay below, at the first places that they are computed at. */
async function bandOf(
  { batch, features, size }: Seen,
  places: number,
  most: number,
  curvesOf: (values: Float32Array, context: Feeds) => Promise<NdArray<Float32Array>>,
  signal: AbortSignal,
): Promise<Pick<CurveBatch, 'low' | 'high' | 'curves'>> {
  const count = Math.min(batch.count, Math.max(fewestCurves, Math.min(mostCurves, Math.floor(most))));
  const k = features.length;
  /** y at each place of each feature, by curve. */
  const heights = Array.from({ length: k * places }, () => new Float32Array(count));
  await inParts(batch, size, { count, most }, signal, async (values, context, start) => {
    const y = await curvesOf(values, context);
    for (let i = 0; i * size < values.length; i++)
      for (let row = 0; row < k; row++)
        for (let place = 0; place < places; place++)
          heights[row * places + place]![start + i] = rowOf(y, i * k + row)[place]!;
  });
  for (const place of heights) place.sort();
  const below = (share: number): NdArray<Float32Array> => ({
    shape: [k, places],
    data: Float32Array.from(heights, (place) => place[Math.min(count - 1, Math.floor(share * count))]!),
  });
  return { low: below(0.1), high: below(0.9), curves: count };
}

/** Shown of the axis, in intervals: a little more than it, so that the tails are seen. */
const reach = 1.15;
/** Places of a curve at least, and of a bin. */
const fewestPlaces = { curve: 97, bin: 2 };
/** From an edge of the interval to a place that is surely on one side of it, in bounds. */
const beside = 1e-5;
/** Knots that are computed at once. */
const knotsAtOnce = 2 ** 20;

/** Knots of the k mapped features of examples, [examples·k, K + 1] each. */
type Knots = Record<KnotPart, NdArray<Float32Array>>;
type Axis = TransformCurveView['axis'];

/** A batch at a layer with D features. */
interface Seen {
  batch: BatchAtLayer;
  features: readonly number[];
  size: number;
  onAxis(x: number): number;
}

function table(rows: readonly ArrayLike<number>[]): NdArray<Float32Array> {
  const columns = rows[0]!.length;
  const data = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => data.set(row, i * columns));
  return { shape: [rows.length, columns], data };
}

const evenly = ({ low, high }: Axis, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low + (i / (count - 1)) * (high - low));

function intervalOf({ center, bound }: SplineInfo, share = 1): Axis {
  return { low: center - share * bound, high: center + share * bound };
}

/** Where each value has an interval of its own, one that the knots of all features lie in, on both axes. */
function withOwnInterval(spline: SplineInfo, { x, y }: Knots): SplineInfo {
  if (spline.ends !== 'lines') return spline;
  const all = [...x.data, ...y.data];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return { ...spline, center: (low + high) / 2, bound: (high - low) / 2 };
}

/** The knots and places between them, places next to both ends, and the ends of the axis: tails are lines. */
function placesOn(spline: SplineInfo, knots: ArrayLike<number>, { low, high }: Axis): number[] {
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
async function inParts(
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
async function countOnSplines(
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
function countBins(values: readonly Float32Array[], x: NdArray<Float32Array>): NdArray<Float32Array> {
  return table(
    values.map((featureValues, row) => {
      const knots = rowOf(x, row);
      const bins = new Float32Array(knots.length - 1);
      for (const value of featureValues) {
        const bin = binAt(knots, value);
        if (bin >= 0) bins[bin]!++;
      }
      return bins;
    }),
  );
}
