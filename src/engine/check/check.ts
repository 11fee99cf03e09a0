/** Holds the density of a flow against a target: draws, their weights, and what they say. */
import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { stream } from '../../data/random';
import {
  fewestWeighed,
  type CheckedFeature,
  type CheckReport,
  type TailRatio,
  type WorstDraw,
  type WorstKind,
} from '../../protocol/check';
import type { Feeds } from '../backends/backend';
import { layerName } from '../../protocol/model';
import { batchSize, inBatches, type BatchOptions } from '../model/batches';
import { breathe } from '../model/breathe';
import type { InspectedFlow } from '../model/inspected-flow';
import { sample } from '../use/sample';
import { score } from '../use/score';
import type { RunBothWays } from '../use/calibrate';
import { blame, type Blamed, type Candidate, type RunMoved } from './blame';
import { findingsOf } from './findings';
import { quantile } from './regression';
import type { Target } from './target';
import { effectiveDraws, efficiencyOf, fitTail, logEvidence, orderOf, smoothed, weightsOf } from './weights';

/** Draws of a flow, weighed. */
export interface Weighed {
  count: number;
  /** [count, D], data units. */
  x: Float32Array;
  /** Nats, [count]. */
  logQ: Float64Array;
  /** log p − log q; −∞ outside of the target's support. */
  logWeights: Float64Array;
  nonFinite: number;
}

export interface WeighOptions extends BatchOptions {
  draws: number;
  seed: number;
}

/** Draws that are weighed before the first numbers are shown, and at once. */
const part = 2000;

/**
 * Draws from the flow and weighs the draws a part at a time; each yield has all so far. A conditional flow is run at its given context.
 * @throws UserError where the target fails or returns NaN or +∞, CancelledError
 */
export async function* weigh(
  { forward, inverse }: RunBothWays,
  target: Target,
  { draws, seed, signal, onProgress }: WeighOptions,
): AsyncGenerator<Weighed> {
  if (forward.config.kind !== 'vector') {
    throw new UserError('Images are not weighed: a check takes a flow over rows of numbers.');
  }
  const batches = defined({ signal });
  let all: Weighed = {
    ...{ count: 0, nonFinite: 0, x: new Float32Array(0) },
    ...{ logQ: new Float64Array(0), logWeights: new Float64Array(0) },
  };
  for (let start = 0, number = 0; start < draws; number++) {
    const n = Math.min(draws - start, Math.max(part, Math.min(batchSize(inverse), start)));
    const drawn = await sample(inverse, { count: n, seed: seed + number, temperature: 1 }, batches);
    const size = drawn.x.data.length / n;
    const logQ = await logDensities(forward, drawn.x.data, n, batches);
    const kept = keptRows(drawn.x.data, logQ, size);
    const logP = await target.logDensity(kept.x, kept.count);
    checkValues(logP, kept.x, size);
    all = {
      count: all.count + kept.count,
      nonFinite: all.nonFinite + n - kept.count,
      x: joined(Float32Array, all.x, kept.x),
      logQ: joined(Float64Array, all.logQ, kept.logQ),
      logWeights: joined(
        Float64Array,
        all.logWeights,
        logP.map((value, i) => value - kept.logQ[i]!),
      ),
    };
    start += n;
    onProgress?.(start, draws);
    yield all;
  }
}

/** log q of rows [n, D] in data units. */
export async function logDensities(
  runner: RunBothWays['forward'],
  x: Float32Array,
  count: number,
  options: BatchOptions,
): Promise<Float64Array> {
  const size = x.length / count;
  const { nats } = await score(
    runner,
    {
      count,
      space: 'data',
      inputs: (_, start, n) => x.slice(start * size, (start + n) * size),
    },
    { ...options, draws: 1 },
  );
  return nats.map((value) => -value);
}

function joined<T extends Float32Array | Float64Array>(Kind: new (length: number) => T, a: T, b: T): T {
  const out = new Kind(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function keptRows(x: Float32Array, logQ: Float64Array, size: number): Pick<Weighed, 'count' | 'x' | 'logQ'> {
  const rows = [...logQ.keys()].filter(
    (i) => Number.isFinite(logQ[i]) && x.subarray(i * size, (i + 1) * size).every(Number.isFinite),
  );
  const out = new Float32Array(rows.length * size);
  for (const [to, from] of rows.entries()) out.set(x.subarray(from * size, (from + 1) * size), to * size);
  return { count: rows.length, x: out, logQ: Float64Array.from(rows, (i) => logQ[i]!) };
}

/** Nothing is weighed with holes in it. */
function checkValues(logP: Float64Array, x: Float32Array, size: number): void {
  const bad = logP.findIndex((value) => Number.isNaN(value) || value === Infinity);
  if (bad < 0) return;
  const count = logP.reduce((sum, value) => sum + (Number.isNaN(value) || value === Infinity ? 1 : 0), 0);
  const row = [...x.subarray(bad * size, (bad + 1) * size)].map((value) => String(value)).join(', ');
  throw new UserError(
    `The target's log density is ${logP[bad]} for ${count} of ${logP.length} draws, for example for [${row}]. ` +
      'Return minus infinity where the target has no mass.',
  );
}

export interface ReportOptions {
  seed: number;
  names: readonly string[];
  /** Rows of the target [m, D] with the log densities of target and flow. */
  rows?: { x: Float32Array; logP: Float64Array; logQ: Float64Array } | undefined;
  signal?: AbortSignal | undefined;
  /** Runs the flow with single layers moved, where it can be; the reason why not. */
  layers?: { candidates: Candidate[]; run: RunMoved } | { reason: string } | undefined;
}

/** Draws whose log weights are regressed on the layers. */
const blamed = 4096;
/** Draws of each kind that are listed. */
const listed = 12;

/** @throws CancelledError */
export async function report(weighed: Weighed, options: ReportOptions): Promise<CheckReport> {
  const { count, logQ, logWeights, x, nonFinite } = weighed;
  const { seed, names, signal, layers, rows } = options;
  const size = x.length / Math.max(1, count);
  const order = orderOf(logWeights);
  const inside = logWeights.reduce((sum, value) => sum + (value > -Infinity ? 1 : 0), 0);
  const share = count > 0 ? 1 - inside / count : 0;
  const leakage = { share, error: Math.sqrt((share * (1 - share)) / Math.max(1, count)) };
  if (inside === 0) {
    throw new UserError(
      `All ${count} draws are outside of the target's support: its log density is minus infinity everywhere. Check that the order and the units of its parameters are those of the flow.`,
    );
  }
  const many = count >= fewestWeighed;
  const tail = many ? fitTail(logWeights, order) : undefined;
  const smooth = smoothed(logWeights, order, tail);
  const evidence = logEvidence(smooth);
  const relative = logWeights.map((value) => value - evidence.value);
  const raw = weightsOf(relative, 0);
  const weights = weightsOf(smooth, evidence.value);
  const total = raw.reduce((a, b) => a + b, 0);
  await breathe(signal);
  const byLayer =
    layers && 'candidates' in layers && many ? await blameOf(weighed, layers, options) : undefined;
  const mean = (of: (i: number) => number): number => logQ.reduce((sum, _, i) => sum + of(i), 0) / count;
  const result: Omit<CheckReport, 'findings'> = {
    draws: count,
    nonFinite,
    ess: effectiveDraws(raw),
    efficiency: efficiencyOf(logWeights, order, tail, stream(seed, 'check-efficiency')),
    ...(tail
      ? { pareto: { k: tail.k, count: tail.count, from: relative[order[count - tail.count]!]! } }
      : {}),
    logEvidence: evidence,
    leakage,
    divergence: {
      reverse: mean((i) => -relative[i]!),
      forward: mean((i) => (weights[i] === 0 ? 0 : weights[i]! * relative[i]!)),
    },
    ...(rows ? { rows: { count: rows.logP.length, logEvidence: evidenceOfRows(rows, share) } } : {}),
    histogram: histogramOf(relative),
    features: names.map((name, feature) =>
      featureOf(weighed, weights, { name, feature, size, rows: rows?.x }),
    ),
    ...(byLayer ? { blame: withoutDraws(byLayer) } : {}),
    ...(byLayer ? {} : { noBlame: whyNoBlame(many, layers) }),
    worst: worstOf(weighed, { relative, raw, total, order, size }, byLayer),
  };
  const candidates = layers && 'candidates' in layers ? layers.candidates : [];
  return {
    ...result,
    findings: findingsOf(result, new Map(candidates.map(({ layer, title }) => [layer, title]))),
  };
}

function whyNoBlame(many: boolean, layers: ReportOptions['layers']): string {
  if (!many) return `Layers are told from ${fewestWeighed} draws on.`;
  return layers && 'reason' in layers ? layers.reason : 'Layers were not asked for.';
}

const withoutDraws = ({ byDraw: _, ...rest }: Blamed): CheckReport['blame'] => rest;

async function blameOf(
  { logWeights, x, count }: Weighed,
  { candidates, run }: Extract<ReportOptions['layers'], { run: RunMoved }>,
  { seed, signal }: ReportOptions,
): Promise<(Blamed & { rows: number[] }) | undefined> {
  const size = x.length / count;
  const rows = [...logWeights.keys()].filter((i) => logWeights[i]! > -Infinity).slice(0, blamed);
  const own = Float64Array.from(rows, (i) => logWeights[i]!);
  if (rows.length < fewestWeighed || own.every((value) => value === own[0])) return undefined;
  const found = await blame(candidates, own, run, { draw: stream(seed, 'check-layers'), signal, size });
  return { ...found, rows };
}

/** By rows of the target: the mean of q / p is the flow's mass within the support over Z, also where the flow never draws. */
function evidenceOfRows(
  { logP, logQ }: NonNullable<ReportOptions['rows']>,
  outside: number,
): { value: number; error: number } {
  const { value, error } = logEvidence(logQ.map((q, i) => q - logP[i]!));
  return { value: Math.log1p(-outside) - value, error };
}

const bins = { low: -6, high: 4, count: 80 };

function histogramOf(relative: Float64Array): CheckReport['histogram'] {
  const { low, high } = bins;
  const counts = Array<number>(bins.count).fill(0);
  let [under, over] = [0, 0];
  for (const value of relative) {
    if (value === -Infinity) continue;
    if (value < low) under++;
    else if (value >= high) over++;
    else counts[Math.floor(((value - low) / (high - low)) * bins.count)]!++;
  }
  return { low, high, counts, under, over };
}

/** Share of the flow beyond each end. */
const tailShare = 0.001;
/** What chance hardly does, and what does not matter. */
const tailLimits = { errors: 3.5, ratio: 0.5 };

interface FeatureChoice {
  name: string;
  feature: number;
  size: number;
  rows?: Float32Array | undefined;
}

function featureOf({ x, count }: Weighed, weights: Float64Array, choice: FeatureChoice): CheckedFeature {
  const { name, feature, size, rows } = choice;
  const values = Float64Array.from({ length: count }, (_, i) => x[i * size + feature]!);
  const sorted = values.slice().sort();
  const total = weights.reduce((a, b) => a + b, 0);
  const ofRows =
    rows && Float64Array.from({ length: rows.length / size }, (_, i) => rows[i * size + feature]!);
  const tail = (end: TailRatio['end']): TailRatio => {
    const at = quantile(sorted, end === 'lowest' ? tailShare : 1 - tailShare);
    const isBeyond = (value: number): boolean => (end === 'lowest' ? value < at : value > at);
    const beyond = values.reduce((sum, value) => sum + (isBeyond(value) ? 1 : 0), 0) / count;
    const mass = values.reduce((sum, value, i) => sum + (isBeyond(value) ? weights[i]! : 0), 0) / total;
    const squares = values.reduce(
      (sum, value, i) => sum + (weights[i]! * ((isBeyond(value) ? 1 : 0) - mass)) ** 2,
      0,
    );
    const chance = Math.sqrt(tailShare / count) / tailShare;
    const unit = Math.max(beyond, 1 / count);
    const byWeights = { ratio: mass / unit, error: Math.hypot(Math.sqrt(squares) / total / unit) };
    const off = ({ ratio, error }: { ratio: number; error: number }): boolean =>
      Math.abs(ratio - 1) > tailLimits.ratio &&
      Math.abs(ratio - 1) > tailLimits.errors * Math.max(error, chance / 2);
    if (!ofRows) return { end, at, byWeights, off: off(byWeights) };
    const found = ofRows.reduce((sum, value) => sum + (isBeyond(value) ? 1 : 0), 0) / ofRows.length;
    const spread = Math.sqrt(Math.max(found, tailShare) / ofRows.length) / tailShare;
    const byRows = { ratio: found / tailShare, error: Math.hypot(spread, (chance * found) / tailShare) };
    return { end, at, byWeights, byRows, off: off(byWeights) || off(byRows) };
  };
  const moments = (weight: (i: number) => number): { mean: number; deviation: number } => {
    let [sum, first] = [0, 0];
    values.forEach((value, i) => {
      sum += weight(i);
      first += weight(i) * value;
    });
    const mean = first / sum;
    const second = values.reduce((all, value, i) => all + weight(i) * (value - mean) ** 2, 0);
    return { mean, deviation: Math.sqrt(second / sum) };
  };
  const [flow, target] = [moments(() => 1), moments((i) => weights[i]!)];
  return {
    ...{ name, feature, tails: [tail('lowest'), tail('highest')] },
    mean: { flow: flow.mean, target: target.mean },
    deviation: { flow: flow.deviation, target: target.deviation },
  };
}

interface Shares {
  relative: Float64Array;
  raw: Float64Array;
  total: number;
  order: Int32Array;
  size: number;
}

function worstOf(
  { x, logQ }: Weighed,
  { relative, raw, total, order, size }: Shares,
  byLayer: (Blamed & { rows: number[] }) | undefined,
): WorstDraw[] {
  const places = new Map(byLayer?.rows.map((row, i) => [row, i]));
  const one = (kind: WorstKind, index: number): WorstDraw => {
    const place = places.get(index);
    return {
      ...{ kind, index, logQ: logQ[index]! },
      x: [...x.subarray(index * size, (index + 1) * size)],
      logWeight: Number.isFinite(relative[index]) ? relative[index]! : null,
      share: raw[index]! / total,
      ...(byLayer && place !== undefined ? { layers: byLayer.byDraw.map((nats) => nats[place]!) } : {}),
    };
  };
  const finite = [...order].filter((i) => Number.isFinite(relative[i]));
  const outside = [...order].filter((i) => relative[i] === -Infinity).sort((a, b) => logQ[b]! - logQ[a]!);
  return [
    ...finite
      .slice(-listed)
      .reverse()
      .map((i) => one('missed', i)),
    ...finite.slice(0, listed).map((i) => one('too much', i)),
    ...outside.slice(0, listed).map((i) => one('outside', i)),
  ];
}

/** Layers whose change is asked for: those with a network, or that map each feature by itself. Norms and mixings do what these do too. */
export function candidatesOf(flow: Pick<InspectedFlow, 'layers'>, names: readonly string[]): Candidate[] {
  return flow.layers.flatMap(({ info, flow: inner }): Candidate[] => {
    if (!inner || (info.coupling === undefined && !info.order && !info.mapsAlone)) return [];
    const places = Array.from({ length: info.inputShape.at(-1)! }, (_, i) => i).filter(
      (i) => inner.mask === undefined || inner.mask.data[i]! < 0.5,
    );
    return [
      {
        layer: info.index,
        title: layerName(info),
        places,
        names: places.map((i) => names[inner.positions[i]!] ?? `value ${i}`),
      },
    ];
  });
}

/** Most features of a flow whose layers are told; the sums of a layer grow with their square. */
const mostFeatures = 64;

/** How the layers of a flow are moved, for the draws that the target has mass at. */
export function layersOf(
  flow: InspectedFlow,
  weighed: Weighed,
  names: readonly string[],
): NonNullable<ReportOptions['layers']> {
  const { moved } = flow.programs;
  if (!moved)
    return {
      reason: 'Layers are told for flows whose gradients are known; this file is a graph or a recording.',
    };
  if (flow.dimensions > mostFeatures)
    return {
      reason: `Layers are told for flows of up to ${mostFeatures} features; this one has ${flow.dimensions}.`,
    };
  const candidates = candidatesOf(flow, names);
  if (candidates.length === 0) return { reason: 'No layer of this flow has a network or a map of its own.' };
  const rows = [...weighed.logWeights.keys()].filter((i) => weighed.logWeights[i]! > -Infinity);
  const size = flow.dimensions;
  const run: RunMoved = async (count, change) => {
    const program = await moved(candidates.map(({ layer }) => layer));
    const out = {
      logQ: new Float64Array(count),
      values: candidates.map(() => new Float32Array(count * size)),
      slopes: candidates.map(() => new Float32Array(count * size)),
    };
    await inBatches(count, flow.runner, {}, async (start, n) => {
      const shape = [n, size];
      const x = new Float32Array(n * size);
      for (let i = 0; i < n; i++) {
        const row = rows[start + i]!;
        x.set(weighed.x.subarray(row * size, (row + 1) * size), i * size);
      }
      const still = new Float32Array(n * size);
      const moves = candidates.map(({ layer }, k) => [
        `move:${layer}`,
        {
          shape,
          data: k === change?.candidate ? change.by.subarray(start * size, (start + n) * size) : still,
        },
      ]);
      const found = await program.run({ x: { shape, data: x }, ...(Object.fromEntries(moves) as Feeds) });
      out.logQ.set(found['logQ']!.data, start);
      for (const [k, { layer }] of candidates.entries()) {
        out.values[k]!.set(found[`value:${layer}`]!.data, start * size);
        out.slopes[k]!.set(found[`slope:${layer}`]!.data, start * size);
      }
    });
    return out;
  };
  return { candidates, run };
}
