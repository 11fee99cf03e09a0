/** What is wrong with a flow, as one list. */
import {
  bySeverity,
  type CheckName,
  type Finding,
  type Findings,
  type FindingsQuery,
} from '../../../protocol/findings';
import { compareSamples } from '../population/data-and-samples';
import type { Check } from './check';
import { deadConditioner } from './dead-conditioner';
import { deadUnits } from './dead-units';
import { inverse } from './inverse';
import { latents } from './latents';
import { modes } from './modes';
import { nonFinite } from './non-finite';
import { normStatistics } from './norm-statistics';
import { outsideSpline } from './outside-spline';
import { overfitting } from './overfitting';
import { saturation } from './saturation';
import { scaleSize } from './scale-size';
import type { Observations } from './observations';
import { observe } from './observe';
import { samples } from './samples';
import { answerOrReason, type SharedInquiry } from '../inquiry';

/**
 * @param known `step` of training, where known: a flow that was not trained has no faults yet; `target` in place of data
 * @throws UserError for a batch that does not exist, CancelledError
 */
export async function findings(
  inquiry: SharedInquiry,
  { batch }: FindingsQuery,
  known: { step?: number; featureNames?: readonly string[]; target?: string },
): Promise<Findings> {
  const seen = await observe(inquiry, batch);
  const found = judge({ ...seen, ...known });
  // Where values are not finite, no other finding would hold.
  if (seen.firstNonFinite) return { count: seen.count, findings: found };
  const compared = await answerOrReason(compareSamples(inquiry));
  return { count: seen.count, findings: bySeverity([...found, samples(compared, known)]) };
}

const checks: Readonly<Record<Exclude<CheckName, 'samples'>, Check>> = {
  nonFinite,
  scaleSize,
  saturation,
  outsideSpline,
  deadConditioner,
  deadUnits,
  normStatistics,
  modes,
  latents,
  inverse,
  overfitting,
};

/** The worst first. Pure, so that anything that can be observed can be judged. */
function judge(seen: Observations): Finding[] {
  const first = nonFinite(seen);
  // Where values are not finite, no other finding would hold.
  if (first.severity === 'error') return [{ check: 'nonFinite', ...first }];
  const found = Object.entries(checks).map(([check, judged]) => ({
    check: check as CheckName,
    ...judged(seen),
  }));
  return bySeverity(found);
}
