/** The page's view of the side that answers: VS Code, or the answers recorded in a saved page. */
import type { PageEvents, PageHost } from '../../../src/protocol/webview';
import type { RecordedChoices } from '../../../src/protocol/questions';

export interface Connection {
  host: PageHost;
  /** Present for a saved page: what it lets its reader choose. */
  choices?: RecordedChoices;
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
