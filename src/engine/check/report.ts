/** What weighed draws say of the density of a flow. */
import { effectiveCount } from '../../base/effective-count';
import { logEvidence, weightsOf } from '../../base/log-weights';
import { stream } from '../../data/random';
import {
  fewestWeighed,
  type CheckReport,
  type WorstDraw,
  type WorstKind,
  tailErrors,
  tailRoom,
  tailShare,
  type CheckedFeature,
  type TailRatio,
} from '../../protocol/check';
import { breathe } from '../model/breathe';
import { findingsOf } from './findings';
import { blameOf, type AskableLayers, type BlamedDraws } from './layers';
import type { Weighed } from './weigh';
import { efficiencyOf, smoothedWeights } from './weights';
import { quantile } from './regression';

export interface ReportOptions {
  seed: number;
  names: readonly string[];
  /** Rows of the target [m, D] with the log densities of target and flow. */
  rows?: { x: Float32Array; logP: Float64Array; logQ: Float64Array } | undefined;
  signal?: AbortSignal | undefined;
  /** Log of the target's integral, where it is known. */
  logZ?: number | undefined;
  layers?: AskableLayers | undefined;
}

/** Draws of each kind that are listed. */
const listed = 12;

/** @throws CancelledError */
export async function report(weighed: Weighed, options: ReportOptions): Promise<CheckReport> {
  const { count, logQ, logWeights, x, nonFinite } = weighed;
  const { seed, names, signal, layers, rows, logZ } = options;
  const size = x.length / count;
  const many = count >= fewestWeighed;
  const { order, tail, evidence, weights } = smoothedWeights(logWeights, fewestWeighed);
  const inside = logWeights.reduce((sum, value) => sum + (value > -Infinity ? 1 : 0), 0);
  const share = 1 - inside / count;
  const leakage = { share, error: Math.sqrt((share * (1 - share)) / count) };
  const relative = logWeights.map((value) => value - evidence.value);
  const raw = weightsOf(relative, 0);
  const total = raw.reduce((a, b) => a + b, 0);
  await breathe(signal);
  const byLayer =
    layers && 'candidates' in layers && many ? await blameOf(weighed, layers, options) : undefined;
  const mean = (of: (i: number) => number): number => logQ.reduce((sum, _, i) => sum + of(i), 0) / count;
  const result: Omit<CheckReport, 'findings'> = {
    draws: count,
    nonFinite,
    ess: effectiveCount(raw),
    efficiency: efficiencyOf(logWeights, order, tail, stream(seed, 'check-efficiency')),
    ...(tail && { pareto: { k: tail.k, count: tail.count, from: relative[order[count - tail.count]!]! } }),
    logEvidence: evidence,
    ...(logZ === undefined ? {} : { logZ }),
    leakage,
    divergence: {
      reverse: mean((i) => -relative[i]!),
      forward: mean((i) => (weights[i] === 0 ? 0 : weights[i]! * relative[i]!)),
    },
    ...(rows ? { rows: { count: rows.logP.length, logEvidence: evidenceOfRows(rows, logWeights) } } : {}),
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
  if (!many) return `It takes ${fewestWeighed} draws to say which layer to look at.`;
  if (!layers) return 'Which layer to look at comes at the end.';
  return 'reason' in layers
    ? layers.reason
    : `It takes ${fewestWeighed} draws inside the support, with different weights, to say which layer to look at.`;
}

const withoutDraws = ({ byDraw: _, rows: __, ...rest }: BlamedDraws): CheckReport['blame'] => rest;

/**
 * By rows of the target: the mean of q / p over a region is the flow's mass there over Z, also where the flow never draws. The region
 * leaves out what weighs less, by a nat, than 98% of the rows: where the flow has too much there are none, and draws say what mass that is.
 */
function evidenceOfRows({ logP, logQ }: NonNullable<ReportOptions['rows']>, drawn: Float64Array) {
  const logWeights = logP.map((p, i) => p - logQ[i]!);
  const least = Float64Array.from(logWeights).sort()[Math.floor(0.02 * logWeights.length)]! - 1;
  const { value, error } = logEvidence(logWeights.map((w) => (w < least ? -Infinity : -w)));
  const share = Math.max(1, drawn.filter((w) => w >= least).length) / drawn.length;
  const spread = Math.sqrt((1 / share - 1) / drawn.length);
  return { value: Math.log(share) - value, error: Math.hypot(error, spread) };
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
  byLayer: BlamedDraws | undefined,
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

interface FeatureChoice {
  name: string;
  feature: number;
  size: number;
  rows?: Float32Array | undefined;
}

/** What weights and rows of the target say of a feature. */
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
    const byWeights = { ratio: mass / unit, error: Math.sqrt(squares) / total / unit };
    const off = ({ ratio, error }: { ratio: number; error: number }): boolean =>
      Math.abs(ratio - 1) > Math.max(tailRoom(count), tailErrors * error);
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
