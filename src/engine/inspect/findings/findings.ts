/** Everything that is looked at, as one list. */
import { bySeverity, type Findings, type FindingsQuery } from '../../../protocol/findings';
import type { InspectedFlow } from '../../model/inspected-flow';
import type { SharedWork } from '../shared-work';
import type { Check } from './check';
import { deadConditioner } from './dead-conditioner';
import { deadUnits } from './dead-units';
import { inverse } from './inverse';
import { latents } from './latents';
import { modes } from './modes';
import { nonFinite } from './non-finite';
import { normStatistics } from './norm-statistics';
import type { Observations } from './observations';
import { observe } from './observe';
import { overfitting } from './overfitting';
import { saturation } from './saturation';
import { scaleSize } from './scale-size';

const checks: readonly Check[] = [
  nonFinite,
  scaleSize,
  saturation,
  deadConditioner,
  deadUnits,
  normStatistics,
  modes,
  latents,
  inverse,
  overfitting,
];

/**
 * @param step of training, where known: a flow that was not trained has no faults yet
 * @throws UserError for a batch that does not exist, CancelledError
 */
export async function findings(
  model: InspectedFlow,
  work: SharedWork,
  { batch }: FindingsQuery,
  step: number | undefined,
  signal: AbortSignal,
): Promise<Findings> {
  const seen = await observe(model, work, batch, signal);
  return { count: seen.count, findings: judge(step === undefined ? seen : { ...seen, step }) };
}

/** Where values are not finite, nothing else that could be said would hold. */
export function judge(seen: Observations): Findings['findings'] {
  const first = nonFinite(seen);
  if (first.severity === 'error') return [first];
  return bySeverity(checks.map((check) => check(seen)));
}
