/** From points of the plane after some layers back to data space. */
import { range } from '../../../base/order';
import { extentOf } from '../../../base/rows';
import type { NdArray } from '../../../protocol/tensors';
import { breathe } from '../../model/breathe';
import { inParts, latentGrid, onTheWay } from './parts';
import type { Inquiry } from '../inquiry';

/** Starts of the search a side of the latent grid. */
const startNodes = 65;
const mostSteps = 10;
/** Distance from the wanted point that counts as none, as a share of its size (at least 1). */
const tolerance = 2e-5;
/** Relative step of the derivative; float32 leaves about half of its digits. */
const difference = 1e-3;

/**
 * h [n, 2] after `stage` layers → x [n, 2] in data units; NaN where no way back was found.
 * By the layers' own inverses where they can be run; else by Newton's method from the nearest point that is known.
 * @throws CancelledError
 */
export async function backToData(
  { model, signal }: Inquiry,
  stage: number,
  h: NdArray<Float32Array>,
): Promise<NdArray<Float32Array>> {
  if (stage === 0) return h;
  if (!model.programs.before) return searched({ model, signal }, stage, h);
  const found = await inParts({ model, signal }, await model.programs.before(stage), 'h', h);
  return found.get('x')!;
}

/** Pairs of x and h that the search starts from: the latent grid on its way back to data space. */
async function knownPairs(inquiry: Inquiry, stage: number): Promise<{ x: Float32Array; h: Float32Array }> {
  const { model } = inquiry;
  const latent = latentGrid(startNodes);
  const way = await inParts(inquiry, await model.programs.way(), 'z', latent);
  return {
    x: onTheWay(model, way, 0).data,
    h: stage === model.layers.length ? latent.data : onTheWay(model, way, stage).data,
  };
}

async function searched(
  { model, signal }: Inquiry,
  stage: number,
  h: NdArray<Float32Array>,
): Promise<NdArray<Float32Array>> {
  const points = await model.programs.points();
  const after = async (x: Float32Array): Promise<Float32Array> => {
    const all = await inParts({ model, signal }, points, 'x', { shape: [x.length / 2, 2], data: x });
    return all.get(String(stage - 1))!.data;
  };
  const known = await knownPairs({ model, signal }, stage);
  const n = h.shape[0]!;
  const x = new Float32Array(2 * n);
  const nearest = nearestOf(known.h);
  for (let i = 0; i < n; i++) {
    const start = nearest(h.data[2 * i]!, h.data[2 * i + 1]!);
    x[2 * i] = known.x[2 * start]!;
    x[2 * i + 1] = known.x[2 * start + 1]!;
  }
  // Steps are halved until they lead nearer; a point that is reached, or that no step helps, is left alone.
  let open = range(n);
  let at = await after(x);
  const away = (values: Float32Array, k: number, i: number): number =>
    Math.hypot(values[2 * k]! - h.data[2 * i]!, values[2 * k + 1]! - h.data[2 * i + 1]!);
  const allowed = (i: number): number =>
    tolerance * Math.max(1, Math.hypot(h.data[2 * i]!, h.data[2 * i + 1]!));
  const error = Float64Array.from({ length: n }, (_, i) => away(at, i, i));
  open = open.filter((i) => !(error[i]! <= allowed(i)));
  for (let step = 0; step < mostSteps && open.length > 0; step++) {
    await breathe(signal);
    const m = open.length;
    const trial = new Float32Array(6 * m);
    open.forEach((i, k) => {
      const [a, b] = [x[2 * i]!, x[2 * i + 1]!];
      trial.set([a, b], 2 * k);
      trial.set([a + stepOf(a), b], 2 * (m + k));
      trial.set([a, b + stepOf(b)], 2 * (2 * m + k));
    });
    const results = await after(trial);
    const moves = new Float64Array(2 * m);
    open.forEach((i, k) => {
      const get = (part: number, axis: number): number => results[2 * (part * m + k) + axis]!;
      const da = trial[2 * (m + k)]! - x[2 * i]!;
      const db = trial[2 * (2 * m + k) + 1]! - x[2 * i + 1]!;
      const j = [
        (get(1, 0) - get(0, 0)) / da,
        (get(2, 0) - get(0, 0)) / db,
        (get(1, 1) - get(0, 1)) / da,
        (get(2, 1) - get(0, 1)) / db,
      ] as const;
      const det = j[0] * j[3] - j[1] * j[2];
      const r0 = h.data[2 * i]! - get(0, 0);
      const r1 = h.data[2 * i + 1]! - get(0, 1);
      moves[2 * k] = (j[3] * r0 - j[1] * r1) / det;
      moves[2 * k + 1] = (j[0] * r1 - j[2] * r0) / det;
    });
    let waiting = open.map((i, k) => ({ i, k }));
    const stuck = new Set<number>();
    for (let share = 1; waiting.length > 0; share /= 4) {
      if (share < 1 / 64) {
        for (const { i } of waiting) stuck.add(i);
        break;
      }
      const next = new Float32Array(2 * waiting.length);
      waiting.forEach(({ i, k }, w) => {
        next[2 * w] = x[2 * i]! + share * moves[2 * k]!;
        next[2 * w + 1] = x[2 * i + 1]! + share * moves[2 * k + 1]!;
      });
      at = await after(next);
      waiting = waiting.filter(({ i }, w) => {
        const now = away(at, w, i);
        if (!(now < error[i]!)) return true;
        error[i] = now;
        x[2 * i] = next[2 * w]!;
        x[2 * i + 1] = next[2 * w + 1]!;
        return false;
      });
    }
    open = open.filter((i) => !stuck.has(i) && !(error[i]! <= allowed(i)));
  }
  // Rounding can keep a point from the last digits; what is still farther than a hundredth was not found.
  for (let i = 0; i < n; i++) if (!(error[i]! <= 500 * allowed(i))) x.fill(NaN, 2 * i, 2 * i + 2);
  return { shape: [n, 2], data: x };
}

function stepOf(value: number): number {
  return difference * Math.max(0.1, Math.abs(value));
}

/** Index of the nearest of the points [n, 2], by a grid of buckets. */
export function nearestOf(points: Float32Array): (x: number, y: number) => number {
  const n = points.length / 2;
  const extent = (column: number): [number, number] => {
    const [low, high] = extentOf(points, 2, column);
    return low < high ? [low, high] : [low === Infinity ? 0 : low - 1, low === Infinity ? 1 : low + 1];
  };
  const [x0, x1] = extent(0);
  const [y0, y1] = extent(1);
  const side = Math.max(1, Math.floor(Math.sqrt(n)));
  const cell = (value: number, low: number, high: number): number =>
    Math.min(side - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * side)));
  const buckets: number[][] = Array.from({ length: side * side }, () => []);
  for (let i = 0; i < n; i++) {
    const [x, y] = [points[2 * i]!, points[2 * i + 1]!];
    if (Number.isFinite(x + y)) buckets[cell(y, y0, y1) * side + cell(x, x0, x1)]!.push(i);
  }
  const width = Math.min((x1 - x0) / side, (y1 - y0) / side);
  return (x, y) => {
    const column = cell(x, x0, x1);
    const row = cell(y, y0, y1);
    let best = 0;
    let distance = Infinity;
    for (let ring = 0; ring < side; ring++) {
      for (let r = row - ring; r <= row + ring; r++) {
        if (r < 0 || r >= side) continue;
        const edge = r === row - ring || r === row + ring;
        for (let c = column - ring; c <= column + ring; c += edge || ring === 0 ? 1 : 2 * ring) {
          if (c < 0 || c >= side) continue;
          for (const i of buckets[r * side + c]!) {
            const d = Math.hypot(points[2 * i]! - x, points[2 * i + 1]! - y);
            if (d < distance) [best, distance] = [i, d];
          }
        }
      }
      if (distance <= ring * width) break;
    }
    return best;
  };
}
