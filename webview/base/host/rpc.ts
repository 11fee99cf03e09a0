/** Calls between a page and the extension host, over the channel of its webview. */
import { type BirpcReturn, createBirpc } from 'birpc';
import { decode, encode } from '../../../src/protocol/wire';

/** @param page what the host may call */
export function callHost<Host extends object, Page extends object>(
  api: Pick<ReturnType<typeof acquireVsCodeApi>, 'postMessage'>,
  page: Page,
): BirpcReturn<Host, Page> {
  return createBirpc<Host, Page>(page, {
    post: (message: unknown) => api.postMessage(message),
    on: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    serialize: encode,
    deserialize: decode,
    // A large model takes its time, and so do people; the page shows progress and can cancel.
    timeout: -1,
  });
}
