/** Draws of a flow with their importance weights, as arrays or a table. */
import { UserError } from '../base/user-error';
import { writeNpz } from '../data/npz';
import { namesOr } from '../engine/check/names';
import { openTarget } from '../engine/check/target';
import { weigh, type Weighed } from '../engine/check/weigh';
import { effectiveDraws, smoothedWeights, weightsOf } from '../engine/check/weights';
import { writeAtomically } from '../files/atomic';
import type { Outcome } from './command';
import { count as shown, fixed, pairs, shownPath } from './format';
import { inSteps } from './progress';
import type { Session } from './session';
import { tableOf } from './table-file';
import { openWeighable } from './weighing';

interface WeightedChoice {
  target: string;
  count: number;
  seed: number;
  temperature: number;
  condition: string | undefined;
  timeout: number;
  /** A file, and the form that its name asks for. */
  output: string;
  format: string;
}

/** The weights are smoothed (PSIS) and sum to the number of draws. @throws UserError, CancelledError */
export async function writeWeighted(
  session: Session,
  model: string,
  choice: WeightedChoice,
): Promise<Outcome> {
  const { target: text, count, seed, temperature, condition, timeout, output, format } = choice;
  if (temperature !== 1)
    throw new UserError('--target: draws are weighed at temperature 1; leave --temperature out.');
  if (format === '.png') throw new UserError(`--output ${output}: weights are written to an .npz or .csv.`);
  const { opened, ways, condition: context } = await openWeighable(session, model, condition);
  const target = await openTarget(text, { condition: context, timeout, signal: session.signal });
  let weighed: Weighed | undefined;
  try {
    const steps = weigh(ways, target, { draws: count, seed, ...inSteps(session, 'sampling') });
    for await (const now of steps) weighed = now;
  } finally {
    target.end();
  }
  const { x, logQ, logWeights, nonFinite, count: kept } = weighed!;
  const { tail, evidence, weights } = smoothedWeights(logWeights);
  const ess = effectiveDraws(weightsOf(logWeights, evidence.value));
  const size = x.length / kept;
  if (format === '.npz') {
    const column = (data: Float64Array) => ({ shape: [kept], data });
    await writeNpz(output, {
      x: { shape: [kept, size], data: x },
      ...{ log_q: column(logQ), log_weight: column(logWeights), weight: column(weights) },
    });
  } else {
    const names = namesOr(opened.featureNames, size);
    const columns = [...names, 'log_weight', 'weight'];
    const row = (i: number): number[] => [
      ...x.subarray(i * size, (i + 1) * size),
      logWeights[i]!,
      weights[i]!,
    ];
    await writeAtomically(output, tableOf(columns, kept, row));
  }
  return {
    json: {
      model: opened.file,
      ...{ target: text, output, format: format.slice(1), count: kept, seed, nonFinite },
      ...{ ess, logEvidence: evidence, paretoK: tail?.k ?? null },
    },
    text: pairs([
      ['Samples', `${shown(kept)} of ${size} features, seed ${seed}, with weights`],
      ['Effective draws', `${shown(Math.round(ess))}${tail ? `, Pareto k ${fixed(tail.k, 2)}` : ''}`],
      ['Log evidence', `${fixed(evidence.value, 3)} ± ${fixed(evidence.error, 3)}`],
      ...(nonFinite > 0
        ? [['Left out', `${shown(nonFinite)} draws whose density is not finite`] as const]
        : []),
      ['Written', shownPath(output)],
    ]),
  };
}
