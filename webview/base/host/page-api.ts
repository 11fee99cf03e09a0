/** The page's view of the side that answers: VS Code, or the answers recorded in a saved page. */
import type { ReadonlySignal } from '@preact/signals';
import type { PageEvents, PageHost } from '../../../src/protocol/webview';
import type { RecordedChoices } from '../../../src/protocol/questions';

/** What the numbers on the page are of. */
export type FlowState =
  /** Nobody answers: all is as it was recorded. */
  | { kind: 'saved' }
  /** The page was opened again; the flow is asked when the reader wants it. */
  | { kind: 'asleep' }
  | { kind: 'live' }
  /** `since`: when the oldest request was sent, ms. */
  | { kind: 'waiting'; since: number }
  /** The weights have changed since the recording. */
  | { kind: 'changed' }
  | { kind: 'failed'; message: string }
  /** Seconds that the answer would take, which waits for the user's word. */
  | { kind: 'costs'; seconds: number };

export interface LiveFlow {
  state: ReadonlySignal<FlowState>;
  /** Records the batch with the weights of now. Resolves to the recording. */
  recordAgain(): Promise<Uint8Array>;
  /** Takes back what waits for the flow. */
  withdraw(): void;
  /** Lets it compute what takes long. */
  allow(): void;
  /** Asks the flow from now on. */
  wake(): void;
}

export interface Connection {
  host: PageHost;
  /** Present for a saved page: what it lets its reader choose. */
  choices?: RecordedChoices;
  /** Set where the page itself answers: no program is around it that could export, convert or open files. */
  inPage?: boolean;
  /** The flow that the page shows, where it may still run. */
  live?: LiveFlow;
  /** Path of the model that a saved page compares with. */
  compared?: string;
  /** State of the page's controls, kept while the editor lives. */
  loadState(): unknown;
  saveState(state: unknown): void;
  listen(events: PageEvents): void;
}

/** When the page was saved there was no answer to this question; the message says why. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** The saved page does not hold the answer to this question. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
}

/** What went wrong, in words: what comes from another side may be no `Error` here. */
export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
