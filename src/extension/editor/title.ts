import path from 'node:path';
import { l10n, type Uri } from 'vscode';
import { modelName, runNameOf } from '../view-types';

/** Title of a tab: the run and which of its checkpoints, since all runs have the same names for them; elsewhere the file. */
export function titleOf(uri: Uri, { gone = false } = {}): string {
  const run = runNameOf(uri);
  const name = run === undefined ? path.posix.basename(uri.path) : `${run} · ${modelName(uri)}`;
  return gone ? l10n.t('{0} (deleted)', name) : name;
}
