/** A page that holds a recording and answers from it; where the flow still runs, it is asked for the rest. */
import { fromBase64 } from '../../../src/base/base64';
import type { InPageEngine, InPageInspector } from '../../../src/protocol/in-page';
import type { AskFlow, FlowMessage } from '../../../src/protocol/live';
import type { PageEvents, PageHost } from '../../../src/protocol/webview';
import { runningFlow } from './running-flow';
import { NoAnswerError, type Connection } from './page-api';
import { standAloneHost } from './stand-alone';

/**
 * @param element with the bytes of a recording in base64; `data-name` of its file; where a flow may answer, `data-page` and the
 *   `data-version` of its weights
 * @param post sends to the kernel or debugger that holds the flow
 */
export function connectInPage(element: HTMLElement, post: (message: FlowMessage) => void): Connection {
  const { flowscopeEngine } = globalThis as unknown as { flowscopeEngine: InPageEngine };
  const { name = 'recording', page, version = '' } = element.dataset;
  const listeners: PageEvents[] = [];
  const asked = new Map<string, AbortController>();
  let bytes: Uint8Array = fromBase64(element.textContent.trim());
  let opened: Promise<InPageInspector> = flowscopeEngine.open(name, bytes);

  const open = async (next: Uint8Array, ask?: AskFlow): Promise<void> => {
    bytes = next;
    void opened.then((before) => before.dispose()).catch(() => {});
    opened = flowscopeEngine.open(name, bytes, ask);
    await opened;
    for (const listener of listeners) listener.changed('model');
  };
  const flow =
    page === undefined
      ? undefined
      : runningFlow(
          { page, version },
          post,
          (ask) => void open(bytes, ask),
          () => void open(bytes),
        );

  /** Ends the work when the question is taken back. */
  const until = async <T>(token: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const ended = new AbortController();
    asked.set(token, ended);
    try {
      return await work(ended.signal);
    } catch (error) {
      throw error instanceof Error && error.name === 'UserError' ? new NoAnswerError(error.message) : error;
    } finally {
      asked.delete(token);
    }
  };

  return {
    host: standAloneHost({
      ask: ((method, query, token, _, context) =>
        until(token, async (signal) =>
          (await opened).ask(method, query, signal, context),
        )) as PageHost['ask'],
      async cancel(token) {
        asked.get(token)?.abort();
      },
    }),
    inPage: true,
    ...(flow && {
      live: {
        ...flow,
        async recordAgain() {
          const again = await flow.recordAgain();
          await open(again, flow.ask);
          return again;
        },
      },
    }),
    loadState: () => undefined,
    saveState: () => {},
    listen: (listener) => void listeners.push(listener),
  };
}
