/** Calls between the page of a webview and the extension host, until the panel is closed. */
import { type BirpcReturn, createBirpc } from 'birpc';
import type { WebviewPanel } from 'vscode';
import { decode, encode } from '../protocol/wire';

/**
 * @param host what the page may call
 * @param events calls of the page whose results no one waits for
 */
export function connectPage<Page extends object, Host extends object>(
  { webview, onDidDispose }: WebviewPanel,
  host: Host,
  events: (keyof Page)[] = [],
): BirpcReturn<Page, Host> {
  let closed = false;
  const rpc = createBirpc<Page, Host>(host, {
    post: (message) => {
      // Nobody needs an answer that comes after the panel was closed.
      if (!closed) void webview.postMessage(message);
    },
    on: (listener) => void webview.onDidReceiveMessage(listener),
    serialize: encode,
    deserialize: decode,
    eventNames: events,
    timeout: -1,
  });
  onDidDispose(() => {
    closed = true;
    rpc.$close();
  });
  return rpc;
}
