/** What is wrong with a flow, as one list. */
import type { Findings, FindingsQuery } from '../../../protocol/findings';
import type { InspectedFlow } from '../../model/inspected-flow';
import type { SharedWork } from '../shared-work';
import { judge } from './judge';
import { observe } from './observe';

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
  return {
    count: seen.count,
    findings: judge({
      ...seen,
      ...(step === undefined ? {} : { step }),
      ...(featureNames ? { featureNames } : {}),
    }),
  };
}
