/** Where a new run is written. */
import { exists } from '../../base/exists';
import { homeFolder, withHome } from '../../base/home';
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { l10n, type Uri, workspace } from 'vscode';
import { readSettings } from '../settings';

/** The folder that relative run folders are relative to: the workspace folder of `near`, else the first one, else home. */
function baseFolder(near?: Uri): string {
  const folder = (near && workspace.getWorkspaceFolder(near)) ?? workspace.workspaceFolders?.[0];
  return folder?.uri.scheme === 'file' ? folder.uri.fsPath : (homeFolder() ?? tmpdir());
}

/** "runs/digits", or "runs/digits-2" where that is taken, and so on. */
export async function proposeRun(name: string, near?: Uri): Promise<string> {
  const base = baseFolder(near);
  const runs = readSettings(near).runsFolder;
  const clean = name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'run';
  for (let number = 1; ; number++) {
    const proposal = path.join(runs, number === 1 ? clean : `${clean}-${number}`);
    if (!(await exists(path.resolve(base, proposal)))) return proposal;
  }
}

/** Why a run cannot be written to `value`, or undefined. */
export async function problemWithRun(value: string, near?: Uri): Promise<string | undefined> {
  if (!value.trim()) return l10n.t('Name a folder, for example runs/digits.');
  const folder = resolveRunFolder(value, near);
  const entries = await readdir(folder).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  if (entries === 'ENOENT') return problemAbove(folder);
  if (entries === 'ENOTDIR' && !(await exists(folder))) return problemAbove(folder);
  if (entries === 'ENOTDIR') return l10n.t('A file with this name already exists. Choose another name.');
  if (!Array.isArray(entries))
    return l10n.t('The folder cannot be read ({0}).', entries ?? l10n.t('unknown reason'));
  if (entries.includes('run.json') || entries.includes('metrics.jsonl'))
    return l10n.t('This folder already holds a run. Choose another name, or use Flowscope: Resume Training.');
  return entries.length > 0 ? l10n.t('The folder is not empty. Choose another name.') : undefined;
}

/** Why no folder can be made where there is none yet, or undefined. */
async function problemAbove(folder: string): Promise<string | undefined> {
  const above = path.dirname(folder);
  if (above === folder) return l10n.t('There is no such disk.');
  const info = await stat(above).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  if (info === 'ENOENT' || info === 'ENOTDIR') return problemAbove(above);
  if (typeof info !== 'object')
    return l10n.t('The folder cannot be read ({0}).', info ?? l10n.t('unknown reason'));
  if (!info.isDirectory()) return l10n.t('{0} is a file. Choose another folder.', above);
  return access(above, constants.W_OK).then(
    () => undefined,
    () => l10n.t('{0} cannot be written to. Choose another folder.', above),
  );
}

export function resolveRunFolder(value: string, near?: Uri): string {
  return path.resolve(baseFolder(near), withHome(value.trim()));
}
