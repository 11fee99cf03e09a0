import path from 'node:path';
import { commands, l10n, window } from 'vscode';
import { isModelFile } from '../editor/view-types';
import type { FileName } from './inspection-engines';

/** Offered when a file has not answered for some seconds. */
export async function offerToStop(file: FileName): Promise<void> {
  const stop = isModelFile(file) ? l10n.t('Stop This Model') : l10n.t('Stop Reading It');
  const name = path.posix.basename(file.path);
  const chosen = await window.showWarningMessage(
    l10n.t('{0} has not answered for some seconds. What it computes may never end.', name),
    stop,
  );
  if (chosen === stop) await commands.executeCommand('flowscope.stopModel', file);
}
