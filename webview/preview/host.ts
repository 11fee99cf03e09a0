/** Connection of the preview page to the extension host. */
import type { PreviewEvents, PreviewHost } from '../../src/protocol/preview-page';
import { callHost } from '../base/host/rpc';
import type { KeptChoices } from './page-state';

export interface PreviewState {
  /** So that the panel comes back with the window. */
  source?: string;
  /** So that choices are still there after another tab was in front, which ends this page. */
  choices?: KeptChoices;
}

export interface PreviewConnection {
  host: PreviewHost;
  /** As this page, or one before it, kept it last. */
  kept: PreviewState;
  /** Kept by VS Code, besides what is there. */
  keep(state: PreviewState): void;
}

export function connect(changed: () => void): PreviewConnection {
  const api = acquireVsCodeApi();
  const host = callHost<PreviewHost, PreviewEvents>(api, { changed });
  let kept = (api.getState() ?? {}) as PreviewState;
  return {
    host,
    kept,
    keep(state) {
      kept = { ...kept, ...state };
      api.setState(kept);
    },
  };
}
