/** The engine reads files of this machine. A file from elsewhere is copied here first. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ExtensionContext, l10n, Uri, workspace } from 'vscode';
import { UserError } from '../../base/user-error';
import { largestJson } from '../../config/run-status';
import { formatBytes } from '../localized-format';
import { readSettings } from '../settings';

/** The file next to a model that stores the user's answers about it. */
export function sidecarOf(uri: Uri): Uri {
  return uri.with({ path: `${uri.path}.flowscope.json` });
}

export type LocalFile = Awaited<ReturnType<typeof localFile>>;

/** Elsewhere a name may have what separates folders and drives here. */
export function nameOnDisk(name: string): string {
  return name.replaceAll(/[\\/:]/g, '_');
}

/**
 * The path of a file or, where `copied`, of a copy of our own.
 * @throws UserError for a file that is larger than the setting allows or cannot be read
 */
export async function localFile(context: ExtensionContext, uri: Uri) {
  if (uri.scheme === 'file') return { path: uri.fsPath, copied: false, dispose: () => Promise.resolve() };
  const name = path.posix.basename(uri.path);
  const limit = readSettings().largestRemoteFile;
  const { size } = await workspace.fs.stat(uri).then(undefined, (error: unknown) => {
    throw new UserError(
      l10n.t('{0} cannot be read from {1}: {2}', name, uri.scheme, (error as Error).message),
    );
  });
  if (size > limit * 1e6) {
    throw new UserError(
      l10n.t(
        '{0} has {1}. Files of a virtual workspace are opened up to {2} MB. Raise flowscope.largestRemoteFile, or save the file on this machine and open it there.',
        name,
        formatBytes(size),
        limit,
      ),
    );
  }
  const bytes = await workspace.fs.readFile(uri);
  const folder = path.join(
    context.globalStorageUri.fsPath,
    'copies',
    `${createHash('sha256').update(uri.toString()).digest('hex').slice(0, 16)}-${randomUUID().slice(0, 8)}`,
  );
  const target = path.join(folder, nameOnDisk(name));
  await mkdir(folder, { recursive: true });
  await writeFile(`${target}.part`, bytes);
  await rename(`${target}.part`, target);
  // Earlier answers are next to the file; most files have none.
  const answers = await answersBeside(uri);
  if (answers) await writeFile(sidecarOf(Uri.file(target)).fsPath, answers);
  return { path: target, copied: true, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/** The sidecar with a file's answers; undefined where there is none, or where it is longer than our own ever are. */
export async function answersBeside(uri: Uri): Promise<Uint8Array | undefined> {
  const file = sidecarOf(uri);
  const found = await workspace.fs.stat(file).then(undefined, () => undefined);
  if (found === undefined || found.size > largestJson) return undefined;
  return workspace.fs.readFile(file).then(undefined, () => undefined);
}
