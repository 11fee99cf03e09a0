/** The curves by which a layer maps its features at one example, where the example goes, and what the batch does on them. */
import { UserError } from '../../base/user-error';
import { hasCurves } from '../../protocol/questions';
import { hasTails, knotParts, type KnotPart, type SplineInfo } from '../../protocol/spline';
import type { NdArray } from '../../protocol/tensors';
import {
  curveBars,
  type CurveBatch,
  type TransformCurveQuery,
  type TransformCurveView,
} from '../../protocol/transform-curve';
import { recordKey } from '../../protocol/webview';
import type { Feeds, Program } from '../backends/backend';
import { breathe } from '../model/breathe';
import { type InspectedFlow, layerAt } from '../model/inspected-flow';
import { batchAtLayer, type BatchAtLayer } from './batch-at-layer';
import { innerOf } from './inner';
import { layerContext } from './pass';
import { stillPass } from './selection';
import type { SharedWork } from './shared-work';

/** Examples of the batch that are looked at, and curves that a band is of. */
const mostExamples = 2000;
const mostCurves = 200;
const fewestCurves = 10;
/** Values, those of all bins counted, that the curves of a band are made of, and that are computed at once. */
const mostValues = 2 ** 21;
/** Places of a curve that is no spline; of a spline as many or more, at least two in a bin. */
const fewestPlaces = 97;
/** Shown of the axis, in intervals of a spline: a little more than it, so that the tails are seen. */
const splineReach = 1.15;
/** Shown beyond the values of the batch, as a share of their span. */
const margin = 0.05;
/** From an edge of a spline's interval to a place that is surely on its other side, as a share of the interval. */
const beside = 1e-5;

type Knots = Record<KnotPart, NdArray<Float32Array>>;
type Axis = TransformCurveView['axis'];

/** By running statistics, whatever the selection's mode. @throws UserError for a layer without curves, CancelledError */
export async function transformCurve(
  model: InspectedFlow,
  work: SharedWork,
  query: TransformCurveQuery,
  signal: AbortSignal,
): Promise<TransformCurveView> {
  const { info, flow } = layerAt(model, query.layer);
  if (!hasCurves(info)) {
    throw new UserError(
      `The layer ${info.name} has no curves; couplings and autoregressive layers over rows of numbers have them.`,
    );
  }
  const pass = await stillPass(model, work, query, signal);
  const { input } = pass.layers[info.index]!;
  const inner = innerOf(model, 'A curve');
  const size = input.data.length;
  const mapped = Array.from(input.data, (_, i) => i).filter((i) => flow?.mask?.data[i] !== 1);
  const context = layerContext(pass, model);
  const batch = await work.run(
    recordKey('transformCurve', { layer: info.index, batch: query.batch }),
    signal,
    (own) => batchAtLayer(model, inner, info.index, { batch: query.batch, most: mostExamples }, own),
  );

  const ofSpline = info.spline && {
    facts: info.spline,
    read: knotReader(await inner.knots(info.index), mapped, { size, points: info.spline.bins + 1 }),
  };
  const knots = ofSpline && (await ofSpline.read(input.data, 1, context));
  const spline = ofSpline && {
    ...ofSpline.facts,
    ...(ofSpline.facts.ends === 'lines' ? around(knots!) : {}),
  };
  const onAxis = (x: number): number => (spline ? onSpline(spline, x) : x);
  /** The value whose place on the axis it is. */
  const valueAt = (x: number): number =>
    spline && !hasTails(spline) ? onSpline(spline, short(spline, x)) : x;
  const axis = spline ? axisOfSpline(spline) : axisOfValues(batch.values, input.data, mapped);

  const count = spline ? placesOfSpline(spline) : fewestPlaces;
  const evaluate = curveReader(await inner.curve(info.index, count + 1), mapped, {
    size,
    places: count + 1,
  });
  const x = mapped.map((_, row) =>
    spline ? placesOn(spline, rowOf(knots!.x, row), axis) : evenly(axis, count),
  );
  await breathe(signal);
  // Behind the places of the curve, where the example is itself.
  const shown = await evaluate(input.data, 1, context, (place, row) =>
    place < count ? valueAt(x[row]![place]!) : input.data[mapped[row]!]!,
  );
  const upTo = (values: Float32Array): NdArray<Float32Array> =>
    table(mapped.map((_, row) => values.subarray(row * (count + 1), row * (count + 1) + count)));
  const last = (values: Float32Array): Float32Array =>
    Float32Array.from(mapped, (_, row) => values[row * (count + 1) + count]!);

  const { onCurves, onSplines } = await work.run(
    recordKey('transformCurve', { layer: info.index, batch: query.batch, axis }),
    signal,
    async (own) => {
      const places = evenly(spline && !hasTails(spline) ? intervalOf(spline) : axis, count);
      const seen = { batch, mapped, size, onAxis };
      return {
        onCurves: {
          count: batch.count,
          counts: countBars(seen, axis),
          ...(await bandOf(evaluate, seen, { places, valueAt, bins: spline?.bins ?? 1 }, own)),
        },
        onSplines: ofSpline && (await countOnSplines(ofSpline.read, seen, ofSpline.facts.bins, own)),
      };
    },
  );

  const from = Float32Array.from(mapped, (i) => onAxis(input.data[i]!));
  return {
    layer: info.index,
    features: Int32Array.from(mapped),
    axis,
    curve: { x: table(x), y: upTo(shown.y), logDerivative: upTo(shown.logDerivative) },
    from,
    to: last(shown.y),
    logDerivative: last(shown.logDerivative),
    batch: onCurves,
    ...(spline
      ? {
          spline: {
            ...spline,
            knots: knots!,
            bin: Int32Array.from(mapped, (_, row) => binAt(rowOf(knots!.x, row), from[row]!)),
            outside: onSplines!.outside,
            inOwnBins: onSplines!.inOwnBins,
            inBins: countBins(onSplines!.values, knots!.x),
          },
        }
      : {}),
  };
}

function table(rows: readonly ArrayLike<number>[]): NdArray<Float32Array> {
  const columns = rows[0]!.length;
  const data = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => data.set(row, i * columns));
  return { shape: [rows.length, columns], data };
}

/** A row of what has the columns last. */
function rowOf({ shape, data }: NdArray<Float32Array>, row: number): Float32Array {
  const columns = shape.at(-1)!;
  return data.subarray(row * columns, (row + 1) * columns);
}

const intervalOf = ({ center, bound }: Pick<SplineInfo, 'center' | 'bound'>): Axis => ({
  low: center - bound,
  high: center + bound,
});

function axisOfSpline({ center, bound }: SplineInfo): Axis {
  return intervalOf({ center, bound: splineReach * bound });
}

/** An interval that the knots of all features lie in, on both axes. */
function around({ x, y }: Knots): Pick<SplineInfo, 'center' | 'bound'> {
  const all = [...x.data, ...y.data];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return { center: (low + high) / 2, bound: (high - low) / 2 };
}

/** What holds the mapped values of the batch and of the example, as far as they are finite. */
function axisOfValues(batch: Float32Array, example: Float32Array, mapped: readonly number[]): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const values of [batch, example])
    for (let start = 0; start < values.length; start += example.length)
      for (const i of mapped) {
        const value = values[start + i]!;
        if (!Number.isFinite(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
  if (low > high) return { low: -1, high: 1 };
  const more = (high - low) * margin || Math.max(1, Math.abs(low) * margin);
  return { low: low - more, high: high + more };
}

const evenly = ({ low, high }: Axis, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low + (i / (count - 1)) * (high - low));

const inBin = (bins: number): number => Math.max(2, Math.ceil(fewestPlaces / bins));
/** Those of the bins, and two on each side of an interval that has tails. */
const placesOfSpline = (facts: SplineInfo): number =>
  facts.bins * inBin(facts.bins) + 1 + (hasTails(facts) ? 4 : 0);

/** The knots and places between them; and beside both ends and at those of the axis, between which tails are lines. */
function placesOn(facts: SplineInfo, knots: Float32Array, { low, high }: Axis): number[] {
  const [bins, within, step] = [facts.bins, inBin(facts.bins), facts.bound * beside];
  const [first, last] = [knots[0]!, knots[bins]!];
  const inside = Array.from({ length: bins * within }, (_, i) => {
    const bin = Math.floor(i / within);
    return knots[bin]! + ((i % within) / within) * (knots[bin + 1]! - knots[bin]!);
  });
  if (!hasTails(facts)) return [...inside, last];
  return [
    Math.min(low, first - step),
    first - step,
    ...inside,
    last,
    last + step,
    Math.max(high, last + step),
  ];
}

/** A place of a circle, short of the one where it closes, which is the first. */
const short = ({ center, bound }: SplineInfo, x: number): number =>
  Math.min(x, center + bound * (1 - beside / 10));

/**
 * The place on a spline's own axis, which its knots are on, of a value that is given to it; and the value that has a place of
 * its interval, since half a turn is its own inverse.
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

/** Knots of the mapped features, [count·k, K + 1], at inputs of the layer [count, D]. */
type ReadKnots = (values: Float32Array, count: number, context: Feeds) => Promise<Knots>;

function knotReader(
  program: Program,
  mapped: readonly number[],
  { size, points }: { size: number; points: number },
): ReadKnots {
  return async (values, count, context) => {
    const out = await program.run({ h: { shape: [count, size], data: values }, ...context });
    // Networks answer for all features, or only for those that are mapped.
    const answered = out['x']!.shape[1]!;
    const rows = answered === size ? mapped : mapped.map((_, i) => i);
    return Object.fromEntries(
      knotParts.map((part) => {
        const from = out[part]!.data as Float32Array;
        const data = new Float32Array(count * rows.length * points);
        for (let example = 0; example < count; example++)
          rows.forEach((row, i) => {
            const start = (example * answered + row) * points;
            data.set(from.subarray(start, start + points), (example * rows.length + i) * points);
          });
        return [part, { shape: [count * rows.length, points], data }];
      }),
    ) as Knots;
  };
}

/** The curves of examples, [count, k, places] each, at a value for each place and mapped feature. */
type ReadCurves = (
  values: Float32Array,
  count: number,
  context: Feeds,
  valueAt: (place: number, row: number, example: number) => number,
) => Promise<{ y: Float32Array; logDerivative: Float32Array }>;

function curveReader(
  program: Program,
  mapped: readonly number[],
  { size, places }: { size: number; places: number },
): ReadCurves {
  return async (values, count, context, valueAt) => {
    const at = new Float32Array(count * places * size);
    const cell = (example: number, place: number, i: number): number =>
      (example * places + place) * size + mapped[i]!;
    const each = (
      visit: (from: number, to: number, place: number, row: number, example: number) => void,
    ): void => {
      for (let example = 0; example < count; example++)
        for (let row = 0; row < mapped.length; row++)
          for (let place = 0; place < places; place++)
            visit(
              cell(example, place, row),
              (example * mapped.length + row) * places + place,
              place,
              row,
              example,
            );
    };
    each((from, _, place, row, example) => (at[from] = valueAt(place, row, example)));
    const out = await program.run({
      h: { shape: [count, size], data: values },
      at: { shape: [count, places, size], data: at },
      ...context,
    });
    const [y, logDerivative] = [out['y']!.data, out['logDerivative']!.data].map((data) => {
      const picked = new Float32Array(count * mapped.length * places);
      each((from, to) => (picked[to] = data[from]!));
      return picked;
    }) as [Float32Array, Float32Array];
    return { y, logDerivative };
  };
}

/** A batch at a layer. */
interface Seen {
  batch: BatchAtLayer;
  mapped: readonly number[];
  /** Features of the layer. */
  size: number;
  onAxis(x: number): number;
}

/** Values of each feature by size; those beyond the axis are in the outermost bars. */
function countBars({ batch, mapped, size, onAxis }: Seen, { low, high }: Axis): NdArray<Float32Array> {
  return table(
    mapped.map((feature) => {
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

/** What a tenth and nine tenths of the curves of a batch stay below. */
async function bandOf(
  evaluate: ReadCurves,
  { batch, mapped, size }: Seen,
  { places, valueAt, bins }: { places: readonly number[]; valueAt(x: number): number; bins: number },
  signal: AbortSignal,
): Promise<Pick<CurveBatch, 'places' | 'low' | 'high' | 'curves'>> {
  const together = Math.max(1, Math.floor(mostValues / (size * places.length * bins)));
  const count = Math.min(batch.count, Math.max(fewestCurves, Math.min(mostCurves, together)));
  const k = mapped.length;
  const at = places.map(valueAt);
  /** y at each place of each feature, by curve. */
  const heights = Array.from({ length: k * at.length }, () => new Float32Array(count));
  for (let start = 0; start < count; start += together) {
    await breathe(signal);
    const indices = Array.from({ length: Math.min(together, count - start) }, (_, i) => start + i);
    const { y } = await evaluate(
      batch.values.subarray(start * size, (start + indices.length) * size),
      indices.length,
      batch.contextOf(indices),
      // The place where an example is itself is not asked for here.
      (place) => at[Math.min(place, at.length - 1)]!,
    );
    const all = at.length + 1;
    for (const [i, example] of indices.entries())
      for (let row = 0; row < k; row++)
        for (let place = 0; place < at.length; place++)
          heights[row * at.length + place]![example] = y[(i * k + row) * all + place]!;
  }
  const below = (share: number): NdArray<Float32Array> => ({
    shape: [k, at.length],
    data: Float32Array.from(heights, (of) => of[Math.min(count - 1, Math.floor(share * count))]!),
  });
  for (const of of heights) of.sort();
  return { places: Float32Array.from(places), low: below(0.1), high: below(0.9), curves: count };
}

/** What the values of a batch do on splines of their own; and the values, a list for each feature. */
async function countOnSplines(
  read: ReadKnots,
  { batch, mapped, size, onAxis }: Seen,
  bins: number,
  signal: AbortSignal,
): Promise<{ values: Float32Array[]; outside: Float32Array; inOwnBins: NdArray<Float32Array> }> {
  const { count } = batch;
  const k = mapped.length;
  const values = mapped.map((i) =>
    Float32Array.from({ length: count }, (_, example) => onAxis(batch.values[example * size + i]!)),
  );
  const outside = new Float32Array(k);
  const inOwnBins = new Float32Array(k * bins);
  const rows = Math.max(1, Math.floor(mostValues / 2 / (size * (bins + 1))));
  for (let start = 0; start < count; start += rows) {
    await breathe(signal);
    const indices = Array.from({ length: Math.min(rows, count - start) }, (_, i) => start + i);
    const part = batch.values.subarray(start * size, (start + indices.length) * size);
    const knots = await read(part, indices.length, batch.contextOf(indices));
    for (const [i, example] of indices.entries())
      for (let row = 0; row < k; row++) {
        const bin = binAt(rowOf(knots.x, i * k + row), values[row]![example]!);
        if (bin >= 0) inOwnBins[row * bins + bin]!++;
        else outside[row]!++;
      }
  }
  return {
    values,
    outside: outside.map((n) => n / count),
    inOwnBins: { shape: [k, bins], data: inOwnBins },
  };
}

/** Values of each feature in the bins of one spline. @param values a list for each feature @param x [k, K + 1] */
function countBins(values: readonly Float32Array[], x: NdArray<Float32Array>): NdArray<Float32Array> {
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
