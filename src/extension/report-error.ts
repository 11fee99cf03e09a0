/** How failures of commands reach the user: one message, with the log at hand where it says more. */
import { l10n, window } from 'vscode';
import { toErrorData } from '../protocol/wire';
import { log } from './log';
import { offer } from './offer';
import { inWindowWords } from './window-words';

/** Runs a command's work. A canceled one ends silently; any other failure is shown once. */
export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    reportError(what, error);
    return undefined;
  }
}

function reportError(what: string, error: unknown): void {
  const { message, userError, cancelled, stack } = toErrorData(error);
  if (cancelled) return;
  log().error(`${what}: ${userError ? message : (stack ?? message)}`);
  const text = `${what}: ${inWindowWords(message)}`;
  if (userError) {
    // It says what to do, and the log says no more.
    void window.showWarningMessage(text);
    return;
  }
  // Not awaited by tests and commands: the message stays until the user closes it.
  void offer('error', text, { [l10n.t('Show Log')]: () => log().show() });
}
