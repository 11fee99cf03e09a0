/** What a check against examples says, in words. */
import { several } from '../../base/user-error';
import type { CheckFinding, ExamplesReport, ExamplesTest } from '../../protocol/check';
import { asItShouldBe, fixed, grouped, leakage, off, percent } from './findings';

/** A p-value below is off. */
const surelyOff = 0.01;
/** A condition is rare where fewer examples have one that is as far from all others. */
const rare = 0.01;
/** By chance, of 1,000 examples, hardly any feature has a contraction and a correlation that are farther apart. */
const mostApart = 0.1;
/** Features in a sentence. */
const mostNamed = 8;
const more = 'Train longer, on more data or with more layers; the map shows where.';

export function examplesFindings(report: Omit<ExamplesReport, 'findings'>): CheckFinding[] {
  const { tests, local, recovery, leakage: outside } = report;
  return [
    ...(outside ? [leakage({ leakage: outside, draws: report.examples }, ['prior', ''])] : []),
    ...tests.map((one) =>
      one.kind === 'latents' || one.kind === 'examples' ? told(one, report.examples) : apart(one),
    ),
    ...(local ? [atObservations(local), ...rareOnes(local)] : []),
    ...(recovery ? [recovered(recovery)] : []),
  ];
}

function told({ kind, value, band, off: isOff }: ExamplesTest, count: number): CheckFinding {
  const what = kind === 'latents' ? 'the latents of examples from draws of the base' : 'draws from examples';
  const right = `${percent(value)} right, by chance up to ${percent(band)}`;
  return isOff
    ? off('classifier', `A classifier tells ${what}: ${right}.`, kind === 'latents' ? more : undefined)
    : asItShouldBe(
        'classifier',
        `A classifier cannot tell ${what}: ${right}. It saw ${grouped(count)} of each and misses what is finer.`,
      );
}

function apart({ kind, value, band, off: isOff }: ExamplesTest): CheckFinding {
  const name = kind === 'energy' ? 'Energy distance' : 'Sliced Wasserstein distance';
  const sentence = `${name} of the latents from the base: ${fixed(value, 4)}, by chance up to ${fixed(band, 4)}.`;
  return isOff ? off('distance', sentence) : asItShouldBe('distance', sentence);
}

function atObservations({ observations, pValue }: NonNullable<ExamplesReport['local']>): CheckFinding {
  const least = observations.reduce((a, b) => ((b.pValue - a.pValue || a.value - b.value) < 0 ? b : a));
  const wrong = observations.filter((one) => one.pValue < 0.05).length;
  const sentence =
    least.example === undefined
      ? `At the observation a classifier ${pValue <= surelyOff ? 'tells' : 'cannot tell'} draws of the base: p ${fixed(pValue, 3)}.`
      : `At ${wrong} of ${several(observations.length, 'observation')} p is below 0.05, where ${fixed(observations.length / 20, 0)} are expected; p ${fixed(pValue, 3)} for all together. The least is that of example ${least.example}.`;
  return pValue <= surelyOff
    ? off('local', sentence, 'Simulate more pairs near the observations with a small p.')
    : asItShouldBe('local', sentence);
}

function recovered(recovery: NonNullable<ExamplesReport['recovery']>): CheckFinding {
  const each = recovery
    .slice(0, mostNamed)
    .map((one) => `${one.name} ${percent(one.contraction, 0)} (${fixed(one.correlation)})`);
  const rest = recovery.length > mostNamed ? ', …' : '';
  const sentence = `Share of the variance that the condition takes, and how draws go with examples (correlation), the same in a right flow: ${each.join(', ')}${rest}.`;
  return recovery.some((one) => Math.abs(one.contraction - one.correlation) > mostApart)
    ? off('recovery', sentence)
    : asItShouldBe('recovery', sentence);
}

function rareOnes({ observations }: NonNullable<ExamplesReport['local']>): CheckFinding[] {
  const chosen = observations.filter((one) => one.example === undefined);
  if (chosen.length === 0) return [];
  const least = chosen.reduce((a, b) => (b.asRare < a.asRare ? b : a));
  const sentence = `${percent(least.asRare)} of the examples have a condition that is as far from all others as ${chosen.length === 1 ? 'the observation' : `[${least.condition.map((value) => Number(value.toPrecision(4))).join(', ')}]`}.`;
  return [
    least.asRare < rare
      ? off(
          'observation',
          sentence,
          'The flow has seen nothing like it, and what it says there is not to be trusted: the simulator may lack something, or the observation has another unit.',
        )
      : asItShouldBe('observation', sentence),
  ];
}
