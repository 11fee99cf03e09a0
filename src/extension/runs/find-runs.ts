import { type Memento, Uri, workspace } from 'vscode';
import { eachLimited } from '../../base/limited';
import { statOf, type RunFolder, readRun } from './run-files';

const knownKey = 'flowscope.knownRuns';
const mostKnown = 50;
/** Each is a few small files to read. */
const mostFound = 5000;
/** Files that are read at the same time: each may have some megabytes. */
const atOnce = 32;
/** Runs that are reported before all are read: more than fit into a view. */
const firstRuns = 100;

/**
 * The runs of the workspace, and those that were trained from it into folders elsewhere; newest first.
 * @param onNewest called with the newest ones where reading all takes longer
 */
export async function findRuns(state: Memento, onNewest?: (runs: RunFolder[]) => void): Promise<RunFolder[]> {
  const files = await newestFirst(await runFiles(state));
  const runs: (RunFolder | undefined)[] = [];
  const read = (from: number, to: number): Promise<void> =>
    eachLimited(to - from, atOnce, async (i) => {
      runs[from + i] = await readRun(files[from + i]!);
    });
  const first = Math.min(firstRuns, files.length);
  await read(0, first);
  if (first < files.length) onNewest?.(shown(runs));
  await read(first, files.length);
  return shown(runs);
}

async function runFiles(state: Memento): Promise<Uri[]> {
  const found = await workspace.findFiles('**/run.json', '**/{node_modules,.git}/**', mostFound);
  const known = state.get<string[]>(knownKey, []).map((folder) => Uri.joinPath(Uri.file(folder), 'run.json'));
  return [...new Map([...found, ...known].map((uri) => [uri.toString(), uri])).values()];
}

async function newestFirst(files: readonly Uri[]): Promise<Uri[]> {
  const times: number[] = [];
  await eachLimited(files.length, atOnce, async (i) => {
    times[i] = await statOf(files[i]!).then(
      ({ mtime }) => mtime,
      () => 0,
    );
  });
  return files
    .map((uri, i) => ({ uri, time: times[i]! }))
    .sort((a, b) => b.time - a.time)
    .map(({ uri }) => uri);
}

function shown(runs: readonly (RunFolder | undefined)[]): RunFolder[] {
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
