/** Starts the inspector: finds who answers, follows the theme, draws. */
import '../base/style.css';
import './shell.css';
import { render } from 'preact';
import { holdWhilePressed } from '../base/controls/press';
import { registerControls } from '../base/controls/toolkit';
import { followTheme, standAloneTheme } from '../base/canvas/theme';
import type { Connection } from '../base/host/page-api';
import { connectInPage } from '../base/host/running-flow';
import { connectRecorded } from '../base/host/stand-alone';
import { connectVsCode, inVsCode } from '../base/host/vscode-host';
import { createStore } from '../base/store/create-store';
import { App } from './app';
import { features } from './features';
import { listen } from './listen';
import { effect } from '@preact/signals';
import type { Store } from '../base/store/store';
import { stripState } from '../base/store/strip-state';

function connect(): Connection {
  const recording = document.getElementById('flowscope-recording');
  if (recording) return connectInPage(recording, postOutside());
  if (inVsCode()) return connectVsCode();
  const recorded = document.getElementById('flowscope-recorded');
  if (!recorded) throw new Error('The page has neither a host nor recorded answers.');
  return connectRecorded(recorded);
}

/** To the notebook that a page is part of, or to VS Code. */
function postOutside(): (message: object) => void {
  if (!inVsCode()) return (message) => window.parent.postMessage(message, '*');
  const api = acquireVsCodeApi();
  return (message) => api.postMessage(message);
}

if (!inVsCode()) standAloneTheme();
followTheme();
holdWhilePressed();
registerControls();
const root = document.getElementById('root') ?? document.body;
const store = createStore(connect(), features);
listen(store);
markPaints(store);
render(<App store={store} />, root);

/** Entries of the performance timeline that say when something stood on the screen first (bench/ui reads them). */
function markPaints(store: Store): void {
  markOnce('flowscope.layers', () => store.model.value !== undefined);
  markOnce('flowscope.strip', () => store.state(stripState).strip.found.value !== undefined);
}

function markOnce(name: string, isThere: () => boolean): void {
  const stop = effect(() => {
    if (!isThere()) return;
    queueMicrotask(() => stop());
    // Drawn in the next frame, and on the screen when the one after it begins.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark(name)));
  });
}
