import { type LogOutputChannel, window } from 'vscode';

let channel: LogOutputChannel | undefined;

/** The extension's channel in the output panel, made when first written to. */
export function log(): LogOutputChannel {
  channel ??= window.createOutputChannel('Flowscope', { log: true });
  return channel;
}

export function showLog(): void {
  log().show();
}
