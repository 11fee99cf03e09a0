/** What is wrong with a flow, as one list. */
import type { Findings, FindingsQuery } from '../../../protocol/findings';
import type { InspectedFlow } from '../../model/inspected-flow';
import type { SharedWork } from '../shared-work';
import { UserError } from '../../../base/user-error';
import { bySeverity } from '../../../protocol/findings';
import { compareSamples } from '../population/data-and-samples';
import { judge } from './judge';
import { observe } from './observe';
import { samples } from './samples';

/**
 * @param known `step` of training, where known: a flow that was not trained has no faults yet
 * @throws UserError for a batch that does not exist, CancelledError
 */
export async function findings(
  model: InspectedFlow,
  work: SharedWork,
  { batch }: FindingsQuery,
  known: { step?: number; featureNames?: readonly string[] },
  signal: AbortSignal,
): Promise<Findings> {
  const { step, featureNames } = known;
  const seen = await observe(model, work, batch, signal);
  const found = judge({
    ...seen,
    ...(step === undefined ? {} : { step }),
    ...(featureNames ? { featureNames } : {}),
  });
  // Where values are not finite, no other finding would hold.
  if (seen.firstNonFinite) return { count: seen.count, findings: found };
  const compared = await compareSamples(model, work, signal).catch((error: unknown) => {
    if (error instanceof UserError) return { reason: error.message };
    throw error;
  });
  return { count: seen.count, findings: bySeverity([...found, samples(compared, step)]) };
}
