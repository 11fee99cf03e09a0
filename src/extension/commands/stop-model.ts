/** Ends the engine of a file, which may run forever; its page can open it again. */
import { l10n, window } from 'vscode';
import type { Services } from '../services/services';
import { activeFile, uriOf } from '../targets/targets';

export function stopModel({ inspection }: Services, target?: unknown): void {
  const file = uriOf(target) ?? activeFile();
  if (file && inspection.stop(file)) return;
  void window.showInformationMessage(l10n.t('No model and no data file is being read here.'));
}
