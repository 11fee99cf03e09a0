/** Messages of the engine in the words of the window. */
import path from 'node:path';
import { workspace } from 'vscode';
import { withoutOptions } from '../base/user-error';

/** Files as the workspace names them, and without the options of the command line and the fields of a config. */
export function inWindowWords(message: string): string {
  const folders = workspace.workspaceFolders ?? [];
  return folders
    .filter(({ uri }) => uri.scheme === 'file')
    .reduce((text, { uri }) => text.replaceAll(uri.fsPath + path.sep, ''), withoutOptions(message));
}
