/** What a question is answered with. */
import type { InspectedFlow } from '../model/inspected-flow';
import type { SharedWork } from './shared-work';

export interface Inquiry {
  model: InspectedFlow;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** It may share its work with others about the same flow. */
export interface SharedInquiry extends Inquiry {
  work: SharedWork;
}
