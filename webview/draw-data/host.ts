/** Connection of the drawing page to the extension host, and what VS Code keeps of the page. */
import type { DrawHost } from '../../src/protocol/draw-page';
import { callHost } from '../base/host/rpc';

export interface DrawConnection {
  host: DrawHost;
  /** The points of before the panel was hidden or the window closed. */
  loadState(): number[];
  saveState(points: readonly number[]): void;
}

export function connect(): DrawConnection {
  const api = acquireVsCodeApi();
  return {
    host: callHost<DrawHost, object>(api, {}),
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
