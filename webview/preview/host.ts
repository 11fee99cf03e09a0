/** Connection of the preview page to the extension host. */
import { createBirpc } from 'birpc';
import type { PreviewEvents, PreviewHost } from '../../src/protocol/preview-page';
import { decode, encode } from '../../src/protocol/wire';

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface PreviewConnection {
  host: PreviewHost;
  /** Kept by VS Code, so that the panel comes back with the window. */
  saveState(state: { source: string }): void;
}

export function connect(changed: () => void): PreviewConnection {
  const api = acquireVsCodeApi();
  const events: PreviewEvents = { changed };
  const host = createBirpc<PreviewHost, PreviewEvents>(events, {
    post: (message: unknown) => api.postMessage(message),
    on: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    serialize: encode,
    deserialize: decode,
    // A large data set takes its time; the page shows progress and can cancel.
    timeout: -1,
  });
  return { host, saveState: (state) => api.setState(state) };
}
