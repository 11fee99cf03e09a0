/** The curves by which a layer maps its features at one example, where the example goes, and what the batch does on them. */
import { rowOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { hasCurves } from '../../../protocol/questions';
import type { NdArray } from '../../../protocol/tensors';
import {
  curveBars,
  type CurveBatch,
  type TransformCurveQuery,
  type TransformCurveView,
} from '../../../protocol/transform-curve';
import { recordKey } from '../../../protocol/webview';
import type { Feeds } from '../../backends/backend';
import { breathe } from '../../model/breathe';
import { type InspectedFlow, layerAt } from '../../model/inspected-flow';
import { batchAtLayer } from './batch-at-layer';
import { innerOf } from '../conditioner/inner';
import { mappedFeatures } from '../conditioner/inner-graphs';
import { layerContext } from '../pass';
import { stillPass } from '../selection';
import type { SharedWork } from '../shared-work';
import {
  axisOfSpline,
  binAt,
  countBins,
  countOnSplines,
  evenly,
  inParts,
  intervalOf,
  onSpline,
  placesOn,
  table,
  withOwnInterval,
  type Axis,
  type Knots,
  type Seen,
} from './spline-overlay';

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
  model: InspectedFlow,
  work: SharedWork,
  query: TransformCurveQuery,
  signal: AbortSignal,
): Promise<TransformCurveView> {
  const layer = layerAt(model, query.layer);
  const { index, name, spline: facts } = layer.info;
  if (!hasCurves(layer.info)) {
    throw new UserError(
      `The layer ${name} has no curves; couplings and autoregressive layers over rows of numbers have them.`,
    );
  }
  const inner = innerOf(model, 'A curve');
  const pass = await stillPass(model, work, query, signal);
  const context = layerContext(pass, model);
  const { data: example } = pass.layers[index]!.input;
  const features = mappedFeatures(layer);
  const k = features.length;
  const key = { layer: index, batch: query.batch };
  const batch = await work.run(recordKey('transformCurve', key), signal, (own) =>
    batchAtLayer(model, inner, index, { batch: query.batch, most: mostExamples }, own),
  );

  const program = facts && (await inner.knots(index));
  const knotsOf = async (values: Float32Array, count: number, given: Feeds): Promise<Knots> =>
    (await program!.run({ h: { shape: [count, example.length], data: values }, ...given })) as Knots;
  const knots = facts && (await knotsOf(example, 1, context));
  const spline = knots && withOwnInterval(facts, knots);
  const onAxis = (x: number): number => (spline ? onSpline(spline, x) : x);
  const axis = spline ? axisOfSpline(spline) : axisOfValues(batch.values, example, features);

  const x = features.map((_, row) =>
    spline ? placesOn(spline, rowOf(knots.x, row), axis) : evenly(axis, usualPlaces),
  );
  const places = x[0]!.length;
  // Behind the places of the curve comes where the example is itself.
  const curves = await inner.curve(index, places + 1);
  const curvesAt = async (values: Float32Array, given: Feeds, at: NdArray<Float32Array>) =>
    (await curves.run({
      h: { shape: [values.length / example.length, example.length], data: values },
      at,
      ...given,
    })) as Record<'y' | 'logDerivative', NdArray<Float32Array>>;
  await breathe(signal);
  const at = table(x.map((values, row) => [...values.map(onAxis), example[features[row]!]!]));
  const shown = await curvesAt(example, context, at);
  const before = (values: NdArray<Float32Array>): NdArray<Float32Array> =>
    table(features.map((_, row) => rowOf(values, row).subarray(0, places)));
  const last = (values: NdArray<Float32Array>): Float32Array =>
    Float32Array.from(features, (_, row) => rowOf(values, row)[places]!);

  const seen: Seen = { batch, features, size: example.length, onAxis };
  const onBatch = await work.run(recordKey('transformCurve', { ...key, axis }), signal, async (own) => {
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
          async (values, given) => (await curvesAt(values, given, band)).y,
          own,
        )),
      },
      splines: spline && (await countOnSplines(seen, knotsOf, spline.bins, own)),
    };
  });

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
  let [low, high] = [Infinity, -Infinity];
  for (const values of [batch, example])
    for (let start = 0; start < values.length; start += example.length)
      for (const i of features) {
        const value = values[start + i]!;
        if (!Number.isFinite(value)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
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
