import { type Memento, Uri, workspace } from 'vscode';
import { type RunFolder, readRun } from './run-files';

const knownKey = 'flowscope.knownRuns';
const mostKnown = 50;
/** Each is a few small files to read. */
const mostFound = 5000;

/** The runs of the workspace, and those that were trained from it into folders elsewhere; newest first. */
export async function findRuns(state: Memento): Promise<RunFolder[]> {
  const found = await workspace.findFiles('**/run.json', '**/{node_modules,.git}/**', mostFound);
  const known = state.get<string[]>(knownKey, []).map((folder) => Uri.joinPath(Uri.file(folder), 'run.json'));
  const files = new Map([...found, ...known].map((uri) => [uri.toString(), uri]));
  const runs = await Promise.all([...files.values()].map((file) => readRun(file)));
  return runs
    .filter((run) => run !== undefined && (run.updated > 0 || run.state !== 'unreadable'))
    .map((run) => run!)
    .sort((a, b) => b.updated - a.updated);
}

/** A run has another folder now, or none. */
export async function forgetRun(state: Memento, folder: string): Promise<void> {
  const known = state.get<string[]>(knownKey, []);
  if (known.includes(folder))
    await state.update(
      knownKey,
      known.filter((one) => one !== folder),
    );
}

/** Remembers a run outside of the workspace folders, which a search does not find. */
export async function rememberRun(state: Memento, folder: string): Promise<void> {
  const others = state.get<string[]>(knownKey, []).filter((known) => known !== folder);
  await state.update(knownKey, [folder, ...others].slice(0, mostKnown));
}
