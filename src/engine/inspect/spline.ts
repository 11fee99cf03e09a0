/** The splines of a layer at one example: their knots, where the example goes, and what the batch does on them. */
import { UserError } from '../../base/user-error';
import {
  binAt,
  inBin,
  inInverseBin,
  knotParts,
  onSpline,
  splineBars,
  splineReach,
  type KnotPart,
  type SplineBatch,
  type SplineInfo,
  type SplineQuery,
  type SplineView,
} from '../../protocol/spline';
import { hasSplines } from '../../protocol/questions';
import type { NdArray } from '../../protocol/tensors';
import { recordKey } from '../../protocol/webview';
import type { Feeds } from '../backends/backend';
import { breathe } from '../model/breathe';
import { type InspectedFlow, layerAt } from '../model/inspected-flow';
import { innerOf } from './inner';
import { batchAtLayer } from './batch-at-layer';
import { layerContext } from './pass';
import { stillPass } from './selection';
import type { SharedWork } from './shared-work';

/** Examples of the batch that are looked at, and curves that a band is of. */
const mostExamples = 2000;
const mostCurves = 200;
/** Heights of curves that are kept for the band. */
const mostHeights = 2 ** 21;
/** Places of the band. */
const bandPlaces = 61;
/** Knots that are computed at once. */
const knotsAtOnce = 2 ** 20;

type Knots = Record<KnotPart, NdArray<Float32Array>>;

/** By running statistics, whatever the selection's mode. @throws UserError for a layer without splines, CancelledError */
export async function spline(
  model: InspectedFlow,
  work: SharedWork,
  query: SplineQuery,
  signal: AbortSignal,
): Promise<SplineView> {
  const { info, flow } = layerAt(model, query.layer);
  if (!info.spline || !hasSplines(info))
    throw new UserError(`The layer ${info.name} does not map features by splines.`);
  const pass = await stillPass(model, work, query, signal);
  const { input, output, elements } = pass.layers[info.index]!;
  const inner = innerOf(model, 'A spline');
  const program = await inner.knots(query.layer);
  await breathe(signal);
  const all = Array.from(input.data, (_, i) => i);
  const mapped = all.filter((i) => flow?.mask?.data[i] !== 1);
  const facts = info.spline;
  const points = facts.bins + 1;
  const knotsOf = async (values: Float32Array, count: number, context: Feeds): Promise<Knots> => {
    const shape = [count, all.length];
    const out = await program.run({ h: { shape, data: values }, ...context });
    return pickKnots(out, mapped, { count, dim: all.length, points });
  };

  const knots = await knotsOf(input.data, 1, layerContext(pass, model));
  const shown = facts.ends === 'lines' ? { ...facts, ...around(knots) } : facts;
  const { batch } = query;
  // An axis of its own for each example, where each has an interval of its own.
  const axis = facts.ends === 'lines' ? { center: shown.center, bound: shown.bound } : {};
  const key = recordKey('spline', { layer: info.index, batch, ...axis });
  const onBatch = await work.run(key, signal, async (own) => {
    const { count, values, contextOf } = await batchAtLayer(
      model,
      inner,
      info.index,
      { batch, most: mostExamples },
      own,
    );
    const tally = batchTally({ k: mapped.length, points, facts: shown });
    const rows = Math.max(1, Math.floor(knotsAtOnce / (all.length * points)));
    for (let start = 0; start < count; start += rows) {
      await breathe(own);
      const end = Math.min(count, start + rows);
      const part = values.subarray(start * all.length, end * all.length);
      const given = mapped.map((i) =>
        Float32Array.from({ length: end - start }, (_, example) =>
          onSpline(facts, part[example * all.length + i]!),
        ),
      );
      const indices = Array.from({ length: end - start }, (_, i) => start + i);
      tally.add(given, await knotsOf(part, end - start, contextOf(indices)));
    }
    return tally.result();
  });

  const pick = (values: ArrayLike<number>): Float32Array => Float32Array.from(mapped, (i) => values[i]!);
  return {
    layer: info.index,
    ...shown,
    features: Int32Array.from(mapped),
    knots: Object.fromEntries(
      knotParts.map((part) => [part, { shape: [mapped.length, points], data: knots[part].data }]),
    ) as Knots,
    from: pick(input.data).map((x) => onSpline(facts, x)),
    to: pick(output.data),
    logDerivative: pick(elements!.first.data),
    batch: {
      ...onBatch.batch,
      inBins: countBins(onBatch.values, knots.x.data, points),
    },
  };
}

/** An interval that the knots of all features lie in, on both axes. */
function around({ x, y }: Knots): Pick<SplineInfo, 'center' | 'bound'> {
  const all = [...x.data, ...y.data];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return { center: (low + high) / 2, bound: (high - low) / 2 };
}

/** Of the mapped features alone: [count, k, K + 1]. Networks answer for all features, or only for those that are mapped. */
function pickKnots(
  out: Feeds,
  mapped: readonly number[],
  { count, dim, points }: { count: number; dim: number; points: number },
): Knots {
  const given = out['x']!.shape[1]!;
  const rows = given === dim ? mapped : mapped.map((_, i) => i);
  const size = rows.length * points;
  return Object.fromEntries(
    knotParts.map((part) => {
      const from = out[part]!.data as Float32Array;
      const data = new Float32Array(count * size);
      for (let example = 0; example < count; example++)
        rows.forEach((row, i) => {
          const start = (example * given + row) * points;
          data.set(from.subarray(start, start + points), example * size + i * points);
        });
      return [part, { shape: [count, rows.length, points], data }];
    }),
  ) as Knots;
}

/** Values of each feature in the bins of one spline. @param values a list for each feature @param x [k, K + 1] */
function countBins(values: readonly Float32Array[], x: Float32Array, points: number): NdArray<Float32Array> {
  const bins = points - 1;
  const data = new Float32Array(values.length * bins);
  values.forEach((own, row) => {
    const knots = x.subarray(row * points, (row + 1) * points);
    for (const value of own) {
      const bin = binAt(knots, value);
      if (bin >= 0) data[row * bins + bin]!++;
    }
  });
  return { shape: [values.length, bins], data };
}

/** Counts what one part of a batch after the other does on its splines. */
function batchTally({ k, points, facts }: { k: number; points: number; facts: SplineInfo }) {
  const { bound, center } = facts;
  const bins = points - 1;
  const reach = splineReach * bound;
  const counts = new Float32Array(k * splineBars);
  const inOwnBins = new Float32Array(k * bins);
  const outside = new Float32Array(k);
  const parts: Float32Array[][] = [];
  /** y at each place of the band, for each feature and curve. */
  const curves: number[][][] = Array.from({ length: k }, () => Array.from({ length: bandPlaces }, () => []));
  const most = Math.max(1, Math.min(mostCurves, Math.floor(mostHeights / (k * bandPlaces))));
  let count = 0;
  return {
    /** @param values a list for each feature @param knots [examples, k, K + 1] */
    add(values: readonly Float32Array[], knots: Knots): void {
      parts.push([...values]);
      values.forEach((own, row) =>
        own.forEach((value, example) => {
          const at = (example * k + row) * points;
          const part = (name: KnotPart): Float32Array => knots[name].data.subarray(at, at + points);
          const bin = binAt(part('x'), value);
          if (bin >= 0) inOwnBins[row * bins + bin]!++;
          else outside[row]!++;
          if (!Number.isNaN(value)) {
            const bar = Math.floor(((value - center + reach) / (2 * reach)) * splineBars);
            counts[row * splineBars + Math.min(splineBars - 1, Math.max(0, bar))]!++;
          }
          if (count + example < most)
            curves[row]!.forEach((place, i) =>
              place.push(heightAt(part, center + ((2 * i) / (bandPlaces - 1) - 1) * bound, facts)),
            );
        }),
      );
      count += values[0]?.length ?? 0;
    },
    result(): { values: Float32Array[]; batch: Omit<SplineBatch, 'inBins'> } {
      const band = (share: number): NdArray<Float32Array> => ({
        shape: [k, bandPlaces],
        data: Float32Array.from(curves.flat(), (place) => quantile(place, share)),
      });
      const values = Array.from({ length: k }, (_, row) =>
        Float32Array.from(parts.flatMap((part) => Array.from(part[row]!))),
      );
      return {
        values,
        batch: {
          count,
          outside: outside.map((n) => n / count),
          counts: { shape: [k, splineBars], data: counts },
          inOwnBins: { shape: [k, bins], data: inOwnBins },
          low: band(0.1),
          high: band(0.9),
          curves: Math.min(count, most),
        },
      };
    },
  };
}

/** y of a spline at a place of the axis; where that is outside of its interval, on the line through its corners. */
function heightAt(part: (name: KnotPart) => Float32Array, at: number, { ends, inverse }: SplineInfo): number {
  const [x, y, slopes] = [part('x'), part('y'), part('slopes')];
  if (ends === 'lines' && !(at >= x[0]! && at <= x.at(-1)!))
    return y[0]! + ((y.at(-1)! - y[0]!) / (x.at(-1)! - x[0]!)) * (at - x[0]!);
  // Knots at the ends may be off by rounding.
  const bin = Math.max(0, binAt(x, Math.min(x.at(-1)!, Math.max(x[0]!, at))));
  const share = Math.min(1, Math.max(0, (at - x[bin]!) / (x[bin + 1]! - x[bin]!)));
  const inside = inverse ? inInverseBin : inBin;
  return inside([x[bin]!, x[bin + 1]!], [y[bin]!, y[bin + 1]!], [slopes[bin]!, slopes[bin + 1]!], share).y;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
