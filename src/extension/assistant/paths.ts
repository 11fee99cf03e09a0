/** From a path as someone says it in a chat to a file of this machine. */
import path from 'node:path';
import { FileType, l10n, Uri, workspace } from 'vscode';
import { withHome } from '../../base/home';
import { UserError } from '../../base/user-error';
import { builtinData } from '../training/catalogue';

/**
 * Absolute; relative ones are looked for in the folders of the workspace.
 * @throws UserError for what is not there, or not on a disk of this machine
 */
export async function resolvePath(place: string): Promise<string> {
  const candidates = candidatesOf(place);
  for (const uri of candidates) {
    if (uri.scheme === 'file' && (await isThere(uri))) return uri.fsPath;
  }
  if (candidates.length === 0) {
    throw new UserError(
      l10n.t('{0} is a relative path, but no folder on this machine is open. Give an absolute path.', place),
    );
  }
  throw new UserError(
    l10n.t(
      '{0} does not exist. Looked for: {1}. Give the path of a file or run folder, absolute or relative to the workspace folder.',
      place,
      candidates.map(({ fsPath }) => fsPath).join(', '),
    ),
  );
}

/** The same for examples, which may also be a built-in set; a file of that name comes first. */
export async function resolveData(data: string): Promise<string> {
  const builtin = builtinData.some(({ source }) => source === data);
  return resolvePath(data).catch((error: unknown) => {
    if (builtin) return data;
    throw error;
  });
}

function candidatesOf(place: string): Uri[] {
  if (place.startsWith('file:')) return [Uri.parse(place)];
  const plain = withHome(place);
  if (path.isAbsolute(plain)) return [Uri.file(path.normalize(plain))];
  return (workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .flatMap(({ uri, name }) => {
      const inside = Uri.joinPath(uri, plain);
      // "folder/file", as paths are shown where several folders are open.
      const [first, ...rest] = plain.split(/[\\/]/);
      return first === name && rest.length > 0 ? [inside, Uri.joinPath(uri, ...rest)] : [inside];
    });
}

function isThere(uri: Uri): Thenable<boolean> {
  return workspace.fs.stat(uri).then(
    ({ type }) => (type & (FileType.File | FileType.Directory)) !== 0,
    () => false,
  );
}
