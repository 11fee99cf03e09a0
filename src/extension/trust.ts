import { commands, l10n, workspace } from 'vscode';
import { offer } from './offer';

/** Commands can be called although their menu entries are hidden, so what needs trust asks here too. */
export async function mayRun(what: string): Promise<boolean> {
  if (workspace.isTrusted) return true;
  await offer('warning', l10n.t('{0} needs a trusted workspace. Opening models does not.', what), {
    [l10n.t('Manage Workspace Trust')]: () => commands.executeCommand('workbench.trust.manage'),
  });
  return false;
}
