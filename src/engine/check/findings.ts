/** What a check says of each number: as it should be or not, why, and what to do. */
import { several } from '../../base/text';
import {
  largestK,
  type Blame,
  type CheckedFeature,
  type CheckFinding,
  type CheckReport,
} from '../../protocol/check';
import { leastRemoved } from './blame';

/** An efficiency whose interval is below is off. */
const leastEfficiency = 0.8;
/** Above, what is left is no error that matters, whatever explains it. */
const highestEfficiency = 0.995;
/** Standard errors that chance hardly makes. */
const errors = 3;

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;
const number = (value: number, digits = 2): string => value.toFixed(digits);
const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** @param names of layers, by index */
export function findingsOf(
  report: Omit<CheckReport, 'findings'>,
  names: ReadonlyMap<number, string>,
): CheckFinding[] {
  return [
    ...layer(report, names),
    efficiency(report),
    ...paretoK(report),
    evidence(report),
    leakage(report),
    tails(report),
    ...missed(report),
  ];
}

function layer(
  { blame, efficiency: { value } }: Omit<CheckReport, 'findings'>,
  names: ReadonlyMap<number, string>,
): CheckFinding[] {
  if (!blame) return [];
  const of = (index: number): Blame['layers'][number] => blame.layers.find((one) => one.layer === index)!;
  const name = (index: number): string => names.get(index) ?? `layer ${index}`;
  const { named, first, second } = blame;
  if (named !== undefined) {
    const { explained, removed, change = [] } = of(named);
    const beside = second === undefined ? '' : ` (${name(second)}, ${percent(of(second).explained, 0)})`;
    return [
      {
        kind: 'layer',
        severity: 'notice',
        sentence:
          `Look at ${name(named)} first. A change of this layer alone explains ${percent(explained, 0)} of the error${beside}; ` +
          `carried out, it removes ${percent(removed!, 0)}.${changeWords(change)}`,
        advice: 'Compare its code, its settings and its constants with those that it was trained with.',
      },
    ];
  }
  const most = blame.layers.reduce((a, b) => (b.explained > a.explained ? b : a));
  const explains = `No layer stands out. A change of ${name(most.layer)} explains most, ${percent(Math.max(0, most.explained), 0)} of the error`;
  if (most.explained < leastRemoved || value > highestEfficiency)
    return [
      {
        kind: 'layer',
        severity: 'ok',
        sentence: `${explains}; below ${percent(leastRemoved, 0)} none is named.`,
        ...(value < leastEfficiency
          ? { advice: 'What is left is spread over all layers: train longer, or on more data.' }
          : {}),
      },
    ];
  const other = most.layer === first ? second : first;
  return [
    {
      kind: 'layer',
      severity: 'notice',
      sentence: `${explains}, but carried out ${other === undefined ? 'it removes little' : `${name(other)} removes as much`}.`,
      advice:
        'Several layers could mend it: train longer, or compare the settings of the flow with those that it was trained with.',
    },
  ];
}

/** Features that a layer visibly stretches or shifts, those most changed first. */
function changeWords(change: NonNullable<Blame['layers'][number]['change']>): string {
  const stretched = change
    .filter(({ stretch }) => Math.abs(stretch - 1) > 0.02)
    .toSorted((a, b) => Math.abs(b.stretch - 1) - Math.abs(a.stretch - 1))
    .slice(0, 3)
    .map(({ name, stretch }) => `${name} by ${number(stretch)}`);
  const shifted = change
    .filter(({ shift }) => Math.abs(shift) > 0.02)
    .toSorted((a, b) => Math.abs(b.shift) - Math.abs(a.shift))
    .slice(0, 3)
    .map(({ name, shift }) => `${name} by ${shift > 0 ? '+' : ''}${number(shift)}`);
  const parts = [
    ...(stretched.length > 0 ? [`stretches ${stretched.join(', ')}`] : []),
    ...(shifted.length > 0 ? [`shifts ${shifted.join(', ')}`] : []),
  ];
  return parts.length > 0 ? ` It ${parts.join(' and ')}.` : '';
}

function efficiency({
  ess,
  draws,
  efficiency: { value, low, high },
  pareto,
}: Omit<CheckReport, 'findings'>): CheckFinding {
  const isOff = high < leastEfficiency;
  const interval = !pareto
    ? ' The weights have no tail that an interval could be told from.'
    : low > 0
      ? ` For any number of draws: ${percent(low)} to ${percent(high)}.`
      : ` For any number of draws: at most ${percent(high)}; the tail may be so long that it goes to 0.`;
  const unsure = pareto && low < value / 2;
  // The interval's width goes down with the root of the weights in the tail, which goes with the fourth root of the draws.
  const needed = 10 ** Math.ceil(Math.log10(draws * 16));
  return {
    kind: 'efficiency',
    severity: isOff ? 'notice' : 'ok',
    sentence: `${grouped(ess)} of ${grouped(draws)} draws count (${percent(value)}).${interval}`,
    ...(unsure && pareto.k < 0.5
      ? { advice: `This is too few draws to tell the efficiency: try ${grouped(needed)}.` }
      : isOff
        ? {
            advice:
              'Averages need so many more draws. See which features and which layer the weights point at.',
          }
        : {}),
  };
}

function paretoK({ pareto }: Omit<CheckReport, 'findings'>): CheckFinding[] {
  if (!pareto) return [];
  const isOff = pareto.k > largestK;
  return [
    {
      kind: 'paretoK',
      severity: isOff ? 'notice' : 'ok',
      sentence: isOff
        ? `k ${number(pareto.k)} is above ${largestK}: a few draws decide every average.`
        : `k ${number(pareto.k)} is below ${largestK}: averages over these weights can be trusted.`,
      ...(isOff
        ? {
            advice: 'More draws do not help: the flow is too narrow somewhere. See the draws that it missed.',
          }
        : {}),
    },
  ];
}

function evidence({ logEvidence: { value, error }, pareto }: Omit<CheckReport, 'findings'>): CheckFinding {
  const trusted = !pareto || pareto.k <= largestK;
  return {
    kind: 'evidence',
    severity: trusted ? 'ok' : 'notice',
    sentence: `The log evidence is ${number(value, 3)} ± ${number(error, 3)}.${trusted ? '' : ' Its error is not to be trusted either.'}`,
  };
}

function leakage({ leakage: { share, error }, draws }: Omit<CheckReport, 'findings'>): CheckFinding {
  if (share === 0) return { kind: 'leakage', severity: 'ok', sentence: 'No draw is outside of the support.' };
  return {
    kind: 'leakage',
    severity: 'notice',
    sentence: `${grouped(share * draws)} of ${grouped(draws)} draws (${percent(share, 2)} ± ${percent(error, 2)}) are outside of the support, where the target has no mass.`,
    advice:
      'Train on features that are mapped to the whole line (--transform NAME=logit:A:B or log), or reject these draws and divide the density by what is left.',
  };
}

function tails({ features, rows }: Omit<CheckReport, 'findings'>): CheckFinding {
  const ends = features.flatMap((feature) => feature.tails.map((tail) => ({ feature, tail })));
  const off = ends.filter(({ tail }) => tail.off);
  const blind = rows
    ? ''
    : ' Weights cannot see where the flow never draws; rows of the target can (--input).';
  if (off.length === 0)
    return {
      kind: 'tails',
      severity: 'ok',
      sentence: `All ${ends.length} ends hold as much of the target as of the flow.${blind}`,
    };
  const size = ({ tail }: (typeof off)[number]): number =>
    Math.max(
      ...[tail.byWeights, tail.byRows].map((one) =>
        one ? Math.abs(Math.log(Math.max(one.ratio, 1e-3))) : 0,
      ),
    );
  const worst = off.reduce((a, b) => (size(b) > size(a) ? b : a));
  return {
    kind: 'tails',
    severity: 'notice',
    sentence: `${off.length} of ${several(ends.length, 'end')} ${off.length === 1 ? 'is' : 'are'} off. Most: ${endWords(worst.feature, worst.tail)}.${blind}`,
    advice:
      'Above 1 the flow has too little beyond its end, below 1 too much: widen the bound of its splines, or take a base with longer tails.',
  };
}

function endWords(
  { name }: CheckedFeature,
  { end, byWeights, byRows }: CheckedFeature['tails'][number],
): string {
  const rows = byRows ? `rows of the target ${number(byRows.ratio, 1)} times, ` : '';
  return `${name}, ${end} 0.1%: ${rows}by weights ${number(byWeights.ratio, 1)}`;
}

/** The two evidences differ by the mass that the flow misses, which draws cannot know of. */
function missed({ rows, logEvidence }: Omit<CheckReport, 'findings'>): CheckFinding[] {
  if (!rows) return [];
  const apart = rows.logEvidence.value - logEvidence.value;
  const error = Math.hypot(rows.logEvidence.error, logEvidence.error);
  const isOff = apart > errors * error && apart > 0.02;
  const by = `The log evidence by ${grouped(rows.count)} rows of the target is ${number(rows.logEvidence.value, 3)} ± ${number(rows.logEvidence.error, 3)}`;
  return [
    {
      kind: 'missed',
      severity: isOff ? 'notice' : 'ok',
      sentence: isOff
        ? `${by}, ${number(apart, 2)} above that by draws: the flow never draws about ${percent(1 - Math.exp(-apart), 0)} of the target.`
        : `${by}, as by draws: no part of the target is missed.`,
      ...(isOff
        ? { advice: 'Score rows of the target and look at the least likely: a mode is missing there.' }
        : {}),
    },
  ];
}
