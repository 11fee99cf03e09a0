/** What the menus of the Runs view do with the folder of a run: rename it, delete it, show it, copy its path. */
import path from 'node:path';
import { commands, env, l10n, Uri, window, workspace, WorkspaceEdit } from 'vscode';
import { UserError } from '../../base/user-error';
import { runMoved } from '../configs/runs-of-configs';
import { forgetRun, rememberRun } from '../runs/find-runs';
import { exists, isTrained, readHolder, readRun } from '../runs/run-files';
import { confirm } from '../offer';
import type { Services } from '../services/services';
import { resolveRun, uriOf } from '../targets/targets';

/** @param answer the new name, where it need not be asked for */
export async function renameRun(services: Services, target?: unknown, answer?: unknown): Promise<void> {
  const run = await resolveRun(services, target, { placeHolder: l10n.t('Choose the run to rename') });
  if (!run) return;
  await refuseTrained(services, run);
  const name = typeof answer === 'string' ? answer.trim() : await askName(run);
  if (name === undefined) return;
  const problem = await problemWithName(run, name);
  if (problem) throw new UserError(problem);
  const renamed = Uri.joinPath(run, '..', name);
  if (renamed.path === run.path) return;
  // Open editors of its checkpoints move along.
  const edit = new WorkspaceEdit();
  edit.renameFile(run, renamed, { overwrite: false });
  await refuseTrained(services, run);
  if (!(await workspace.applyEdit(edit)) || !(await exists(renamed)))
    throw new UserError(l10n.t('{0} could not be renamed to {1}.', run.fsPath, name));
  const { workspaceState } = services.context;
  await forgetRun(workspaceState, run.fsPath);
  await rememberRun(workspaceState, renamed.fsPath);
  await runMoved(workspaceState, run.fsPath, renamed.fsPath);
  await commands.executeCommand('flowscope.refreshRuns');
}

function askName(run: Uri): Thenable<string | undefined> {
  const value = path.posix.basename(run.path);
  return window
    .showInputBox({
      title: l10n.t('Rename Run'),
      prompt: l10n.t('The new name of the folder of the run.'),
      value,
      validateInput: (text) => problemWithName(run, text.trim()),
    })
    .then((text) => text?.trim());
}

/** Why the folder of a run cannot have this name, or undefined. */
export async function problemWithName(run: Uri, name: string): Promise<string | undefined> {
  if (name === path.posix.basename(run.path)) return undefined;
  if (name === '' || name === '.' || name === '..' || /[\\/:*?"<>|\p{C}]/u.test(name))
    return l10n.t('“{0}” cannot be the name of a folder.', name);
  const sibling = Uri.joinPath(run, '..', name);
  return (await exists(sibling)) && !(await isSame(run, sibling))
    ? l10n.t('{0} already exists. Choose another name.', sibling.fsPath)
    : undefined;
}

/** A name that differs in case alone is the same folder on some disks. */
async function isSame(run: Uri, sibling: Uri): Promise<boolean> {
  if (run.path.toLowerCase() !== sibling.path.toLowerCase()) return false;
  const names = await workspace.fs.readDirectory(Uri.joinPath(run, '..'));
  return !names.some(([name]) => name === path.posix.basename(sibling.path));
}

export async function trashRun(services: Services, target?: unknown): Promise<void> {
  const run = await resolveRun(services, target, { placeHolder: l10n.t('Choose the run to delete') });
  if (!run) return;
  await refuseTrained(services, run);
  const name = path.posix.basename(run.path);
  const question = l10n.t('Move the run {0} with all its checkpoints to the trash?', name);
  if (!(await confirm(question, l10n.t('Move to Trash'), run.fsPath))) return;
  // It may have been resumed while the question was open.
  await refuseTrained(services, run);
  try {
    await workspace.fs.delete(run, { recursive: true, useTrash: true });
  } catch (error) {
    // There is none on many remote machines.
    const instead = l10n.t('{0} cannot be moved to the trash. Delete it permanently?', name);
    if (!(await confirm(instead, l10n.t('Delete Permanently'), (error as Error).message))) return;
    await refuseTrained(services, run);
    await workspace.fs.delete(run, { recursive: true });
  }
  await forgetRun(services.context.workspaceState, run.fsPath);
  await commands.executeCommand('flowscope.refreshRuns');
}

/** @throws UserError for a run that this window, or another process, trains */
async function refuseTrained({ trainings }: Services, run: Uri): Promise<void> {
  const read = await readRun(Uri.joinPath(run, 'run.json'));
  const held = (await readHolder(run))?.liveness === 'alive';
  if (held || trainings.folders.has(run.fsPath) || (read && isTrained(read)))
    throw new UserError(l10n.t('{0} is being trained. Stop that training first.', run.fsPath));
}

export async function revealRun(_: unknown, target?: unknown): Promise<void> {
  await commands.executeCommand('revealFileInOS', rowOf(target));
}

export async function copyRunPath(_: unknown, target?: unknown): Promise<void> {
  const uri = rowOf(target);
  await env.clipboard.writeText(uri.scheme === 'file' ? uri.fsPath : uri.toString(true));
}

function rowOf(target: unknown): Uri {
  const uri = uriOf(target);
  if (!uri) throw new UserError(l10n.t('Choose a run in the Runs view.'));
  return uri;
}
