/** Starts the data preview: asks the host, draws what it answers. */
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { App } from './app';
import { pageState, type KeptChoices } from './page-state';
import './preview.css';
import type { PreviewEvents, PreviewHost } from '../../src/protocol/preview-page';
import { callHost } from '../base/host/rpc';

holdWhilePressed();
registerControls();
const { host, kept, keep } = connect(() => page.read());
const page = pageState(host, kept.choices, (choices) => keep({ choices }));
void host.source().then((source) => keep({ source }));
page.read();
render(<App page={page} />, document.getElementById('root') ?? document.body);

interface PreviewState {
  /** So that the panel comes back with the window. */
  source?: string;
  /** So that choices are still there after another tab was in front, which ends this page. */
  choices?: KeptChoices;
}

/** Connection of the preview page to the extension host. */
function connect(changed: () => void) {
  const api = acquireVsCodeApi();
  const host = callHost<PreviewHost, PreviewEvents>(api, { changed });
  /** As this page, or one before it, kept it last. */
  let kept = (api.getState() ?? {}) as PreviewState;
  return {
    host,
    kept,
    /** Kept by VS Code, besides what is there. */
    keep(state: PreviewState) {
      kept = { ...kept, ...state };
      api.setState(kept);
    },
  };
}
