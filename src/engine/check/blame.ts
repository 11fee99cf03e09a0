/**
 * Which layer to look at first. A bijection cannot change the error of a density, so no layer owns a part of it; what there is to know is
 * what would be if one layer alone were changed a little.
 *
 * Behind layer k let y → y + Σ ε φ(y) for a feature y that the layer changes; φ: a shift, a stretch, and five bends. Then ∂ log q / ∂ε =
 * φ′(y) + φ(y) · ∂/∂y [log-dets of the later layers + log p(z)], Stein's operator, whose mean over draws of the flow is 0.
 */
import { softplus } from '../../base/softplus';
import type { RandomStream } from '../../data/random';
import type { Blame, LayerBlame } from '../../protocol/check';
import { breathe } from '../model/breathe';
import {
  clip,
  bounds,
  fit,
  predict,
  quantile,
  sumsOf,
  together,
  variance,
  without,
  type Design,
} from './regression';

/** Where the bends are, and how wide, in deviations. */
const bends = [0.03, 0.2, 0.5, 0.8, 0.97];
const bendWidth = 0.15;
const shapes = 2 + bends.length;
const folds = 4;
/** Layers whose change is carried out, and on how many draws. */
const carriedOut = { layers: 3, draws: 2048, steps: 3 };
/** A step that leaves more than this of the variance is the last. */
const enough = 0.98;
/**
 * Below this share of the error no layer is named, nor where the next one leaves as little in more than one of twenty resamples, or less
 * than a tenth more.
 */
export const leastRemoved = 0.15;
const leastSure = 0.95;
const mostLeft = 0.9;
/** Variance of log weights below which the error does not matter, whatever explains it: one draw of 200 does not count. */
const leastVariance = 0.005;
const resamples = 400;
/** Share of log weights, and of columns, that is cut at each end for the fits. */
const cut = { weights: 0.005, columns: 0.001 };

/** A layer that may be named: the values that it changes, by their places in what it gives, and their names. */
export interface Candidate {
  layer: number;
  title: string;
  places: readonly number[];
  names: readonly string[];
}

/** What comes out behind a layer: [n, D] row-major; `logQ` [n], nats. */
export interface Behind {
  logQ: Float64Array;
  /** By candidate. */
  values: Float32Array[];
  slopes: Float32Array[];
}

/** Draws through the flow; the values behind one candidate may be moved. @param rows the first so many draws */
export type RunMoved = (rows: number, moved?: { candidate: number; by: Float32Array }) => Promise<Behind>;

/** Shapes of a change of one value, from a batch of it. */
type Basis = ReturnType<typeof basisOf>;

/** What comes out of a layer that may be changed, and the shapes of the change. */
type Layer = ReturnType<typeof layerOf>;

/** @param values [n, size] */
function layerOf({ places }: Candidate, values: Float32Array, size: number) {
  return { places, bases: places.map((place) => basisOf(values, size, place)), values, size };
}

function basisOf(values: Float32Array, size: number, place: number) {
  const column = Float64Array.from({ length: values.length / size }, (_, i) => values[i * size + place]!);
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  column.sort();
  const knots = bends.map((p) => quantile(column, p));
  return { mean, width: bendWidth * Math.sqrt(variance(column)) + 1e-12, knots };
}

/** φ and φ′ at y, into rows of `shapes`. */
function shapesAt({ mean, width, knots }: Basis, y: number, phi: Float64Array, slope: Float64Array): void {
  phi[0] = 1;
  slope[0] = 0;
  phi[1] = y - mean;
  slope[1] = 1;
  for (let m = 0; m < knots.length; m++) {
    const u = (y - knots[m]!) / width;
    phi[m + 2] = width * softplus(u);
    slope[m + 2] = 1 / (1 + Math.exp(-u));
  }
}

/** What is blamed, and for each draw the nats of its log weight that a change of each layer explains: [candidates][draws]. */
export interface Blamed extends Blame {
  byDraw: Float64Array[];
}

/**
 * @param logWeights finite, [n], of the draws that `run` runs
 * @param size of what each layer gives
 * @throws CancelledError
 */
export async function blame(
  candidates: readonly Candidate[],
  logWeights: Float64Array,
  run: RunMoved,
  { draw, signal, size }: { draw: RandomStream; signal?: AbortSignal | undefined; size: number },
): Promise<Blamed> {
  const rows = logWeights.length;
  const response = clip(logWeights, cut.weights);
  const behind = await run(rows);
  const layerValues = candidates.map((candidate, k) => layerOf(candidate, behind.values[k]!, size));
  const layers: LayerBlame[] = [];
  const byDraw: Float64Array[] = [];
  for (const [k, { layer }] of candidates.entries()) {
    await breathe(signal);
    const { explained, predicted } = crossValidate({
      ...designOf(layerValues[k]!, behind.slopes[k]!, rows),
      response,
    });
    layers.push({ layer, explained });
    byDraw.push(predicted);
  }
  const best = layers
    .map((_, k) => k)
    .sort((a, b) => layers[b]!.explained - layers[a]!.explained)
    .slice(0, carriedOut.layers);
  const some = logWeights.subarray(0, Math.min(rows, carriedOut.draws));
  const left = new Map<number, Float64Array>();
  for (const k of best) {
    const start = { logQ: behind.logQ, slopes: behind.slopes[k]! };
    const done = await carryOut(layerValues[k]!, some, start, async (by) => {
      await breathe(signal);
      const { logQ, slopes } = await run(some.length, { candidate: k, by });
      return { logQ, slopes: slopes[k]! };
    });
    left.set(k, done.left);
    const change = candidates[k]!.names.map((name, i) => ({ name, ...done.undone[i]! }));
    layers[k] = { ...layers[k]!, removed: done.removed, change };
  }
  const removes = (k: number | undefined): number => (k === undefined ? 0 : layers[k]!.removed!);
  const [first, second] = best.toSorted((a, b) => removes(b) - removes(a)) as [number, number | undefined];
  const sure = second === undefined ? 1 : surer(left.get(first)!, left.get(second)!, draw);
  const matters = variance(response) >= leastVariance;
  const leads = 1 - removes(first) <= mostLeft * (1 - removes(second));
  const isNamed =
    matters && first === best[0] && removes(first) >= leastRemoved && leads && sure >= leastSure;
  return {
    layers,
    first: candidates[first]!.layer,
    ...(second === undefined ? {} : { second: candidates[second]!.layer }),
    ...(isNamed ? { named: candidates[first]!.layer } : {}),
    sure,
    draws: rows,
    byDraw,
  };
}

/** Columns ∂ log q / ∂ε of a layer, one for each changed value and shape. @param change ε that the layer has already */
function designOf(
  { places, bases, values, size }: Layer,
  slopes: Float32Array,
  count: number,
  change?: Float64Array,
) {
  const width = places.length * shapes;
  const columns = new Float64Array(count * width);
  const phi = new Float64Array(shapes);
  const slope = new Float64Array(shapes);
  for (let row = 0; row < count; row++) {
    for (const [i, place] of places.entries()) {
      shapesAt(bases[i]!, values[row * size + place]!, phi, slope);
      let stretch = 1;
      if (change) for (let m = 0; m < shapes; m++) stretch += slope[m]! * change[i * shapes + m]!;
      const toward = slopes[row * size + place]!;
      for (let m = 0; m < shapes; m++)
        columns[row * width + i * shapes + m] = slope[m]! / stretch + toward * phi[m]!;
    }
  }
  clipColumns(columns, width, count);
  return { size: width, columns };
}

function clipColumns(columns: Float64Array, width: number, count: number): void {
  const column = new Float64Array(count);
  for (let a = 0; a < width; a++) {
    for (let row = 0; row < count; row++) column[row] = columns[row * width + a]!;
    const [low, high] = bounds(column, cut.columns);
    for (let row = 0; row < count; row++)
      columns[row * width + a] = Math.min(high, Math.max(low, column[row]!));
  }
}

/** Each row is predicted by a fit that never saw it. */
function crossValidate(design: Design): { explained: number; predicted: Float64Array } {
  const { response } = design;
  const n = response.length;
  const parts = Array.from({ length: folds }, (_, j) => sumsOf(design, (row) => row % folds === j));
  const all = parts.reduce(together);
  const fits = parts.map((part) => fit(without(all, part)));
  const mean = all.response / n;
  const predicted = new Float64Array(n);
  let missed = 0;
  for (let row = 0; row < n; row++) {
    const value = predict(fits[row % folds]!, design.columns, row);
    missed += (response[row]! - value) ** 2;
    predicted[row] = value - mean;
  }
  return { explained: 1 - missed / (n * variance(response)), predicted };
}

interface Carried {
  /** Share of the variance of the log weights that is gone, on draws that the change was not made for. */
  removed: number;
  /** What is left of their log weights. */
  left: Float64Array;
  /** What the change undoes: a straight line through it, by value. */
  undone: { stretch: number; shift: number }[];
}

/** log q [n], and its slopes by what one layer gives [n, size]. */
interface Moved {
  logQ: Float64Array;
  slopes: Float32Array;
}

/**
 * Makes the change of a layer by Gauss–Newton steps on every second draw, and judges it on the others.
 * @param run with the values of the layer moved
 */
async function carryOut(
  layer: Layer,
  logWeights: Float64Array,
  start: Moved,
  run: (by: Float32Array) => Promise<Moved>,
): Promise<Carried> {
  const count = logWeights.length;
  const half = (values: Float64Array, parity: number): Float64Array =>
    values.filter((_, row) => row % 2 === parity);
  const spread = (values: Float64Array): number => variance(clip(values, cut.weights));
  /** Log weights once the layer is changed; undefined where the change would fold values over. */
  const at = async (change: Float64Array): Promise<(Moved & { left: Float64Array }) | undefined> => {
    const moves = movesOf(layer, change, count);
    if (!moves) return undefined;
    const moved = await run(moves.by);
    const left = logWeights.map(
      (value, row) => value - (moved.logQ[row]! - start.logQ[row]! + moves.logDet[row]!),
    );
    return left.every(Number.isFinite) ? { ...moved, left } : undefined;
  };
  let change = new Float64Array(layer.places.length * shapes);
  let now = { ...start, left: logWeights };
  for (let step = 0; step < carriedOut.steps; step++) {
    const aim = { ...designOf(layer, now.slopes, count, change), response: clip(now.left, cut.weights) };
    const { weights } = fit(sumsOf(aim, (row) => row % 2 === 0));
    const before = spread(half(now.left, 0));
    let after = before;
    for (const part of [1, 0.5, 0.25]) {
      const tried = change.map((value, i) => value + part * weights[i]!);
      const found = await at(tried);
      if (!found || spread(half(found.left, 0)) >= before) continue;
      [now, change] = [found, tried];
      after = spread(half(now.left, 0));
      break;
    }
    if (after > enough * before) break;
  }
  const left = clip(half(now.left, 1), cut.weights);
  const removed = 1 - variance(left) / spread(half(logWeights, 1));
  return { removed, left, undone: lines(layer, change, count) };
}

/** Σ ε φ(y) [n, size], and the log of what it stretches [n]. */
function movesOf({ places, bases, values, size }: Layer, change: Float64Array, count: number) {
  const by = new Float32Array(count * size);
  const logDet = new Float64Array(count);
  const phi = new Float64Array(shapes);
  const slope = new Float64Array(shapes);
  for (let row = 0; row < count; row++) {
    for (const [i, place] of places.entries()) {
      shapesAt(bases[i]!, values[row * size + place]!, phi, slope);
      let [move, stretch] = [0, 1];
      for (let m = 0; m < shapes; m++) {
        move += change[i * shapes + m]! * phi[m]!;
        stretch += change[i * shapes + m]! * slope[m]!;
      }
      if (stretch < 0.05) return undefined;
      by[row * size + place] = move;
      logDet[row]! += Math.log(stretch);
    }
  }
  return { by, logDet };
}

function lines(layer: Layer, change: Float64Array, count: number): Carried['undone'] {
  const { places, bases, values, size } = layer;
  const { by } = movesOf(layer, change, count)!;
  return places.map((place, i) => {
    const { mean } = bases[i]!;
    let [moved, together, spread] = [0, 0, 0];
    for (let row = 0; row < count; row++) {
      const y = values[row * size + place]! - mean;
      const move = by[row * size + place]!;
      moved += move;
      together += y * move;
      spread += y * y;
    }
    return { stretch: 1 / (1 + together / spread), shift: -moved / count };
  });
}

/** How often, over resampled draws, less is left in `a` than in `b`. */
function surer(a: Float64Array, b: Float64Array, draw: RandomStream): number {
  const n = a.length;
  let count = 0;
  for (let k = 0; k < resamples; k++) {
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const row = draw.integer(n);
      const [left, right] = [a[row]!, b[row]!];
      sums[0]! += left;
      sums[1]! += left * left;
      sums[2]! += right;
      sums[3]! += right * right;
    }
    if (sums[1]! / n - (sums[0]! / n) ** 2 < sums[3]! / n - (sums[2]! / n) ** 2) count++;
  }
  return count / resamples;
}
