/** Connection to the extension host over the webview's message channel. */
import {
  type KnownAnswer,
  type PageApi,
  type PageEvents,
  type PageHost,
  recordKey,
} from '../../../src/protocol/webview';
import type { Connection } from './page-api';
import { callHost } from './rpc';

export function inVsCode(): boolean {
  return typeof acquireVsCodeApi === 'function';
}

export function connectVsCode(): Connection {
  const api = acquireVsCodeApi();
  const listeners: PageEvents[] = [];
  const ahead = answersAhead();
  const events: PageApi = {
    answered: (known) => ahead.came(known),
    changed(what) {
      ahead.forget();
      listeners.forEach((listener) => listener.changed(what));
    },
    select: (what) => listeners.forEach((listener) => listener.select(what)),
    act: (action) => listeners.forEach((listener) => listener.act(action)),
  };
  const remote = callHost<PageHost, PageApi>(api, events);
  const host: PageHost = {
    ask(method, query, token, of, context) {
      const asks = (): Promise<unknown> => remote.ask(method, query, token, of, context);
      const isAboutEditorFile = of === undefined && context === undefined;
      return (isAboutEditorFile ? ahead.or(recordKey(method, query), asks) : asks()) as never;
    },
    cancel: (token) => remote.cancel(token),
    showLog: () => remote.showLog(),
    command: (name, of) => remote.command(name, of),
    openCheckpoint: (path) => remote.openCheckpoint(path),
    chooseModel: () => remote.chooseModel(),
    comparables: () => remote.comparables(),
    control: (request) => remote.control(request),
    chooseData: (what) => remote.chooseData(what),
    chooseTarget: () => remote.chooseTarget(),
    addData: (what) => remote.addData(what),
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

/** Answers that the host gives unasked. Each serves one question, which came before it or comes after. */
function answersAhead() {
  const known = new Map<string, unknown>();
  const waiting = new Map<string, (answer: unknown) => void>();
  return {
    came({ key, answer }: KnownAnswer): void {
      const resolve = waiting.get(key);
      if (resolve) resolve(answer);
      else known.set(key, answer);
    },
    /** What is known, or else what `ask` gives or `came` brings, whichever is there first. */
    async or(key: string, ask: () => Promise<unknown>): Promise<unknown> {
      if (known.has(key)) {
        const answer = known.get(key);
        known.delete(key);
        return answer;
      }
      const came = new Promise<unknown>((resolve) => waiting.set(key, resolve));
      return Promise.race([came, ask()]).finally(() => waiting.delete(key));
    },
    forget(): void {
      known.clear();
      waiting.clear();
    },
  };
}
