import { commands, env, UIKind, Uri, window, workspace } from 'vscode';
import type { Services } from '../services';
import { resolveRun } from './targets';

/** In the explorer where the run lies in the workspace, else in the system's file manager, else as a path to copy. */
export async function showRunFolder(services: Services, target?: unknown): Promise<void> {
  const run = await resolveRun(services, target, 'Choose the run whose folder to show');
  if (!run) return;
  if (workspace.getWorkspaceFolder(run)) {
    await commands.executeCommand('revealInExplorer', Uri.joinPath(run, 'config.json'));
  } else if (env.uiKind === UIKind.Desktop && env.remoteName === undefined) {
    await commands.executeCommand('revealFileInOS', run);
  } else {
    const copy = 'Copy Path';
    const choice = await window.showInformationMessage(
      `The run lies in ${run.fsPath}, outside of this workspace.`,
      copy,
    );
    if (choice === copy) await env.clipboard.writeText(run.fsPath);
  }
}
