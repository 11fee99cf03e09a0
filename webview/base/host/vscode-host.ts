/** Connection to the extension host over the webview's message channel. */
import { createBirpc } from 'birpc';
import { decode, encode } from '../../../src/protocol/wire';
import type { ModelOutline, ModelSummary } from '../../../src/protocol/model';
import type { PageApi, PageEvents, PageHost } from '../../../src/protocol/webview';
import type { Connection } from './page-api';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export function inVsCode(): boolean {
  return typeof acquireVsCodeApi === 'function';
}

export function connectVsCode(): Connection {
  const api = acquireVsCodeApi();
  const listeners: PageEvents[] = [];
  let outlined: (outline: ModelOutline) => void = () => undefined;
  // Pages do not name the model by its place in the engine.
  const outline = new Promise<ModelSummary>((resolve) => {
    outlined = (known) => resolve({ ...known, id: '' });
  });
  const events: PageApi = {
    outlined: (known) => outlined(known),
    changed: (what) => listeners.forEach((listener) => listener.changed(what)),
    select: (what) => listeners.forEach((listener) => listener.select(what)),
    act: (action) => listeners.forEach((listener) => listener.act(action)),
  };
  const remote = createBirpc<PageHost, PageApi>(events, {
    post: (message: unknown) => api.postMessage(message),
    on: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    serialize: encode,
    deserialize: decode,
    // A large model takes its time; the page shows progress and can cancel.
    timeout: -1,
  });
  let first = true;
  const host: PageHost = {
    ask(method, query, token, of, context) {
      const answer = remote.ask(method, query, token, of, context) as Promise<unknown>;
      // The host gives an outline once, where it opens a model: whoever asks for the second time asks for what is true now.
      const soon = method === 'summary' && of === undefined && first;
      if (soon) first = false;
      return (soon ? Promise.race([outline, answer]) : answer) as never;
    },
    cancel: (token) => remote.cancel(token),
    showLog: () => remote.showLog(),
    command: (name, of) => remote.command(name, of),
    openCheckpoint: (path) => remote.openCheckpoint(path),
    chooseModel: () => remote.chooseModel(),
    comparables: () => remote.comparables(),
    control: (request) => remote.control(request),
    chooseData: (what) => remote.chooseData(what),
    save: (name, bytes) => remote.save(name, bytes),
    copyText: (text) => remote.copyText(text),
    outline: (layers) => remote.outline(layers),
    selected: (selection) => remote.selected(selection),
  };
  return {
    host,
    loadState: () => api.getState(),
    saveState: (state) => api.setState(state),
    listen: (listener) => void listeners.push(listener),
  };
}
