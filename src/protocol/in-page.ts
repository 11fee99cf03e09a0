/** What a page that answers for itself finds under `globalThis.flowscopeEngine`. */
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from './inspector-questions';
import type { AskFlow } from './live';

export interface InPageEngine {
  /**
   * Opens the bytes of a recording. @param running answers what was not recorded, where the flow still runs
   * @throws UserError for what is no recording
   */
  open(name: string, bytes: Uint8Array, running?: AskFlow): Promise<InPageInspector>;
}

export interface InPageInspector {
  /**
   * @param context that single examples and samples are given, in data units
   * @throws UserError for a question that the model has no answer to, CancelledError
   */
  ask<M extends InspectorMethod>(
    method: M,
    query: InspectorQuery<M>,
    signal: AbortSignal,
    context?: readonly number[],
  ): Promise<InspectorAnswer<M>>;
  dispose(): void;
}
