import { commands, env, l10n, UIKind, Uri, workspace } from 'vscode';
import { offer } from '../offer';
import type { Services } from '../services/services';
import { resolveRun } from '../targets/targets';

/** In the explorer where the run lies in the workspace, else in the system's file manager, else as a path to copy. */
export async function showRunFolder(services: Services, target?: unknown): Promise<void> {
  const run = await resolveRun(services, target, {
    placeHolder: l10n.t('Choose the run whose folder to show'),
  });
  if (!run) return;
  if (workspace.getWorkspaceFolder(run)) {
    await commands.executeCommand('revealInExplorer', Uri.joinPath(run, 'config.json'));
  } else if (env.uiKind === UIKind.Desktop && env.remoteName === undefined) {
    await commands.executeCommand('revealFileInOS', run);
  } else {
    await offer('information', l10n.t('The run is in {0}, outside this workspace.', run.fsPath), {
      [l10n.t('Copy Path')]: () => env.clipboard.writeText(run.fsPath),
    });
  }
}
