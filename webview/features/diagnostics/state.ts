/** What may be wrong with the flow, asked for once the charts of diagnostics are there. */
import type { ReadonlySignal } from '@preact/signals';
import type { Findings } from '../../../src/protocol/findings';
import type { BatchRef, Diagnostics } from '../../../src/protocol/inspect';
import { ask, type Question, type QuestionContext } from '../../base/store/question';

/** Not before the diagnostics of the same batch: findings take longer, and share their passes. */
export function createFindings(
  context: QuestionContext,
  batch: ReadonlySignal<BatchRef>,
  diagnostics: Question<Diagnostics>,
): Question<Findings> {
  return ask(context, 'findings', () => {
    const { status } = diagnostics.answer.value;
    return status === 'ready' || status === 'failed' ? { batch: batch.value } : null;
  });
}
