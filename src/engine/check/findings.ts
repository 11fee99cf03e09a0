/** What a check says of each number: as it should be or not, why, and what to do. */
import { several } from '../../base/user-error';
import {
  largestK,
  type Blame,
  type CheckFinding,
  type CheckReport,
  type LayerBlame,
} from '../../protocol/check';
import { leastRemoved } from './blame';

/** An efficiency whose interval is below is off. */
const leastEfficiency = 0.8;
/** Above it, the rest of the error does not matter, whatever explains it. */
const highestEfficiency = 0.995;
/** Standard errors that chance hardly makes. */
const errors = 3;

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;
export const fixed = (value: number, digits = 2): string => value.toFixed(digits);
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

type Measured = Omit<CheckReport, 'findings'>;
type Kind = CheckFinding['kind'];

export const asItShouldBe = (kind: Kind, sentence: string): CheckFinding => ({
  kind,
  severity: 'ok',
  sentence,
});
export const off = (kind: Kind, sentence: string, advice?: string): CheckFinding => ({
  ...{ kind, severity: 'notice', sentence },
  ...(advice === undefined ? {} : { advice }),
});

/** @param names of layers, by index */
export function findingsOf(report: Measured, names: ReadonlyMap<number, string>): CheckFinding[] {
  return [
    ...(report.blame ? [layer(report.blame, report.efficiency.value, names)] : []),
    efficiency(report),
    ...(report.pareto ? [paretoK(report.pareto.k)] : []),
    evidence(report),
    leakage(report),
    tails(report),
    ...(report.rows ? [missed(report.rows, report.logEvidence)] : []),
  ];
}

function layer(
  { layers, named, first, second }: Blame,
  value: number,
  names: ReadonlyMap<number, string>,
): CheckFinding {
  const of = (index: number): LayerBlame => layers.find((one) => one.layer === index)!;
  const name = (index: number): string => names.get(index) ?? `layer ${index}`;
  if (named !== undefined) {
    const { explained, removed, change = [] } = of(named);
    const beside = second === undefined ? '' : ` (${name(second)}, ${percent(of(second).explained, 0)})`;
    return off(
      'layer',
      `Look at ${name(named)} first. A change of this layer alone explains ${percent(explained, 0)} of the error${beside}; ` +
        `carried out, it removes ${percent(removed!, 0)}.${changeWords(change)}`,
      'Compare its code, its settings and its constants with those that it was trained with.',
    );
  }
  const most = layers.reduce((a, b) => (b.explained > a.explained ? b : a));
  const explains = `No layer stands out. A change of ${name(most.layer)} explains most, ${percent(Math.max(0, most.explained), 0)} of the error`;
  if (most.explained < leastRemoved || value > highestEfficiency)
    return asItShouldBe('layer', `${explains}; below ${percent(leastRemoved, 0)} none is named.`);
  const other = most.layer === first ? second : first;
  return off(
    'layer',
    `${explains}, but carried out ${other === undefined ? 'it removes little' : `${name(other)} removes as much`}.`,
    'Several layers could mend it: train longer, or compare the settings of the flow with those that it was trained with.',
  );
}

/** Features that a layer visibly stretches or shifts, those most changed first. */
function changeWords(change: NonNullable<LayerBlame['change']>): string {
  const largest = (verb: string, size: (one: (typeof change)[number]) => number, sign: string): string[] => {
    const seen = change.filter((one) => Math.abs(size(one)) > 0.02);
    const most = seen.toSorted((a, b) => Math.abs(size(b)) - Math.abs(size(a))).slice(0, 3);
    const words = most.map((one) => {
      const by = verb === 'stretches' ? one.stretch : one.shift;
      return `${one.name} by ${by > 0 ? sign : ''}${fixed(by)}`;
    });
    return words.length > 0 ? [`${verb} ${words.join(', ')}`] : [];
  };
  const parts = [
    ...largest('stretches', ({ stretch }) => stretch - 1, ''),
    ...largest('shifts', ({ shift }) => shift, '+'),
  ];
  return parts.length > 0 ? ` It ${parts.join(' and ')}.` : '';
}

function efficiency({ ess, draws, efficiency: { value, low, high }, pareto }: Measured): CheckFinding {
  const interval = !pareto
    ? ' The weights have no tail that an interval could be told from.'
    : low > 0
      ? ` For any number of draws: ${percent(low)} to ${percent(high)}.`
      : ` For any number of draws: at most ${percent(high)}; the tail may be so long that it goes to 0.`;
  const sentence = `${grouped(ess)} of ${grouped(draws)} draws count (${percent(value)}).${interval}`;
  // The interval's width goes down with the root of the weights in the tail, which goes with the fourth root of the draws.
  const needed = 10 ** Math.ceil(Math.log10(draws * 16));
  const unsure = pareto && low < value / 2 && pareto.k < 0.5;
  const more = unsure ? ` This is too few draws to tell the efficiency: try ${grouped(needed)}.` : '';
  return high < leastEfficiency
    ? off(
        'efficiency',
        sentence + more,
        'Averages need so many more draws. See which features and which layer the weights point at.',
      )
    : asItShouldBe('efficiency', sentence + more);
}

function paretoK(k: number): CheckFinding {
  return k > largestK
    ? off(
        'paretoK',
        `k ${fixed(k)} is above ${largestK}: a few draws decide every average.`,
        'More draws do not help: the flow is too narrow somewhere. See the draws that it missed.',
      )
    : asItShouldBe(
        'paretoK',
        `k ${fixed(k)} is below ${largestK}: averages over these weights can be trusted.`,
      );
}

function evidence({ logEvidence: { value, error }, pareto, logZ }: Measured): CheckFinding {
  const sentence = `The log evidence is ${fixed(value, 3)} ± ${fixed(error, 3)}.`;
  const apart = logZ === undefined ? 0 : value - logZ;
  const said = logZ === undefined ? sentence : `${sentence} The target’s is ${fixed(logZ, 3)}.`;
  if (apart < -errors * error)
    return off(
      'evidence',
      `${said} The flow hardly draws ${percent(-Math.expm1(apart), 0)} of the target: a mode or a tail.`,
      'Train from a wider start, or on data of all modes too (objective "mixed").',
    );
  return pareto && pareto.k > largestK
    ? off('evidence', `${said} Its error is not to be trusted either.`)
    : asItShouldBe('evidence', said);
}

export function leakage(
  { leakage: { share, error }, draws }: Pick<Measured, 'leakage' | 'draws'>,
  [place, why] = ['support', ', where the target has no mass'],
): CheckFinding {
  if (share === 0) return asItShouldBe('leakage', `No draw is outside of the ${place}.`);
  return off(
    'leakage',
    `${grouped(share * draws)} of ${grouped(draws)} draws (${percent(share, 2)} ± ${percent(error, 2)}) are outside of the ${place}${why}.`,
    'Train on features that are mapped to the whole line (--transform NAME=logit:A:B or log), or reject these draws and divide the density by what is left.',
  );
}

function tails({ features, rows }: Measured): CheckFinding {
  const ends = features.flatMap(({ name, tails: both }) => both.map((tail) => ({ name, ...tail })));
  const wrong = ends.filter((end) => end.off);
  const blind = rows
    ? ''
    : ' Weights cannot see where the flow never draws; rows of the target (flowscope check --input) can.';
  if (wrong.length === 0)
    return asItShouldBe(
      'tails',
      `All ${ends.length} ends hold as much of the target as of the flow.${blind}`,
    );
  const apart = (one?: { ratio: number }): number =>
    one ? Math.abs(Math.log(Math.max(one.ratio, 1e-3))) : 0;
  const size = (end: (typeof ends)[number]): number => Math.max(apart(end.byWeights), apart(end.byRows));
  const { name, end, byRows, byWeights } = wrong.reduce((a, b) => (size(b) > size(a) ? b : a));
  const ofRows = byRows ? `rows of the target ${fixed(byRows.ratio, 1)} times, ` : '';
  return off(
    'tails',
    `${wrong.length} of ${several(ends.length, 'end')} ${wrong.length === 1 ? 'is' : 'are'} off. Most: ${name}, ${end} 0.1%: ${ofRows}by weights ${fixed(byWeights.ratio, 1)}.${blind}`,
    'Above 1 the flow has too little beyond its end, below 1 too much: widen the bound of its splines, or take a base with longer tails.',
  );
}

/** The two evidences differ by the mass that the flow misses, which draws cannot know of. */
function missed(rows: NonNullable<Measured['rows']>, byDraws: Measured['logEvidence']): CheckFinding {
  const { value, error } = rows.logEvidence;
  const apart = value - byDraws.value;
  const by = `The log evidence by ${grouped(rows.count)} rows of the target is ${fixed(value, 3)} ± ${fixed(error, 3)}`;
  return apart > errors * Math.hypot(error, byDraws.error) && apart > 0.02
    ? off(
        'missed',
        `${by}, ${fixed(apart, 2)} above that by draws: the flow never draws about ${percent(1 - Math.exp(-apart), 0)} of the target.`,
        'Score rows of the target and look at the least likely: a mode is missing there.',
      )
    : asItShouldBe('missed', `${by}, as by draws: no part of the target is missed.`);
}
