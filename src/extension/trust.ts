import { commands, l10n, window, workspace } from 'vscode';

/** Commands can be called although their menu entries are hidden, so what needs trust asks here too. */
export async function mayRun(what: string): Promise<boolean> {
  if (workspace.isTrusted) return true;
  const manage = l10n.t('Manage Workspace Trust');
  const choice = await window.showWarningMessage(
    l10n.t('{0} needs a trusted workspace. Opening models does not.', what),
    manage,
  );
  if (choice === manage) await commands.executeCommand('workbench.trust.manage');
  return false;
}
