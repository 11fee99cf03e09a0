/** Connection of the drawing page to the extension host, and what VS Code keeps of the page. */
import { createBirpc } from 'birpc';
import type { DrawHost } from '../../src/protocol/draw-page';
import { decode, encode } from '../../src/protocol/wire';

export interface DrawConnection {
  host: DrawHost;
  /** The points of before the panel was hidden or the window closed. */
  loadState(): number[];
  saveState(points: readonly number[]): void;
}

export function connect(): DrawConnection {
  const api = acquireVsCodeApi();
  const host = createBirpc<DrawHost, object>(
    {},
    {
      post: (message: unknown) => api.postMessage(message),
      on: (receive) => window.addEventListener('message', (event) => receive(event.data)),
      serialize: encode,
      deserialize: decode,
      // The user takes time to say where the file goes.
      timeout: -1,
    },
  );
  return {
    host,
    loadState() {
      const state = api.getState() as { points?: unknown } | null | undefined;
      const points = state?.points;
      return Array.isArray(points) && points.length % 2 === 0 && points.every(Number.isFinite)
        ? (points as number[])
        : [];
    },
    saveState: (points) => api.setState({ points }),
  };
}
