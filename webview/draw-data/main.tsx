/** Starts the page on which data are drawn. */
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { followTheme } from '../base/canvas/theme';
import { App } from './app';
import './draw-data.css';
import type { DrawHost } from '../../src/protocol/draw-page';
import { callHost } from '../base/host/rpc';

holdWhilePressed();
registerControls();
followTheme();
const { host, loadState, saveState } = connect();
render(
  <App host={host} start={loadState()} keep={saveState} />,
  document.getElementById('root') ?? document.body,
);

/** Connection of the drawing page to the extension host. */
function connect() {
  const api = acquireVsCodeApi();
  return {
    host: callHost<DrawHost, object>(api, {}),
    /** The points of before the panel was hidden or the window closed. */
    loadState() {
      const state = api.getState() as { points?: unknown } | null | undefined;
      const points = state?.points;
      return Array.isArray(points) && points.length % 2 === 0 && points.every(Number.isFinite)
        ? (points as number[])
        : [];
    },
    saveState: (points: readonly number[]) => api.setState({ points }),
  };
}
