/** What a command is about: its argument, the active editor, or what the user picks. */
import path from 'node:path';
import {
  type ExtensionContext,
  FileType,
  l10n,
  type Memento,
  type QuickPickItem,
  TabInputCustom,
  TabInputText,
  Uri,
  window,
  workspace,
} from 'vscode';
import { UserError } from '../../base/user-error';
import { dialogExtensions, isCheckpointFile, isModelFile, isTrainingState, modelGlob } from '../view-types';
import { formatBest } from '../localized-format';
import { section } from '../quick-pick';
import { findRuns } from '../runs/find-runs';
import { isRunFolder, readCheckpoints, readRun, type RunFolder, runOfCheckpoint } from '../runs/run-files';
import type { RunNode } from '../runs/runs-view';
import { stateWords } from '../runs/state-words';
import { filesByName } from '../workspace-files';

/** Menus pass a URI or a row of the Runs view; the palette passes nothing. */
export function uriOf(target: unknown): Uri | undefined {
  if (target instanceof Uri) return target;
  const node = target as RunNode | undefined;
  switch (node?.kind) {
    case 'run':
    case 'otherRun':
      return node.run.uri;
    case 'checkpoint':
    case 'otherCheckpoint':
      return node.file.uri;
    default:
      return undefined;
  }
}

export function activeFile(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof TabInputCustom || input instanceof TabInputText ? input.uri : undefined;
}

interface Kind {
  what: string;
  accepts(uri: Uri): boolean;
}

export interface ModelChoice extends Kind {
  /** Title of the list and the dialog: the name of the command that asks. */
  title: string;
}

/** A model file: the target itself, or the best checkpoint of the run that it is. Undefined when the user left. */
export async function resolveModel(
  { context }: { context: ExtensionContext },
  target: unknown,
  choice: ModelChoice,
): Promise<Uri | undefined> {
  const uri = uriOf(target);
  if (uri) return modelAt(uri, choice);
  const active = activeFile();
  if (active && choice.accepts(active)) return active;
  return pickModel(context.workspaceState, choice);
}

async function modelAt(uri: Uri, kind: Kind): Promise<Uri> {
  const stat = await workspace.fs.stat(uri).then(undefined, () => undefined);
  if (!stat) throw new UserError(l10n.t('{0} does not exist.', uri.fsPath));
  if (stat.type & FileType.Directory) return bestOf(uri);
  if (!kind.accepts(uri))
    throw new UserError(
      l10n.t('{0} cannot be used here. Expected {1}.', path.posix.basename(uri.path), kind.what),
    );
  return uri;
}

/** The best checkpoint of a run, else its last, else its newest. */
export async function bestOf(run: Uri): Promise<Uri> {
  const [first] = await readCheckpoints(run);
  if (!first) {
    throw new UserError(
      l10n.t(
        '{0} contains no checkpoint. Choose a run folder with checkpoints, or train until one is saved.',
        run.fsPath,
      ),
    );
  }
  return first.uri;
}

interface ModelItem extends QuickPickItem {
  uri?: Uri;
  browse?: boolean;
}

/** From the runs and files of the workspace, or from a dialog. */
export async function pickModel(state: Memento, choice: ModelChoice): Promise<Uri | undefined> {
  const [runs, files] = await Promise.all([
    findRuns(state),
    filesByName(modelGlob, { most: 200, except: ['checkpoints'] }),
  ]);
  const runItems = await Promise.all(
    runs.map(async (run): Promise<ModelItem[]> => {
      const [first] = await readCheckpoints(run.uri);
      return first && choice.accepts(first.uri) ? [{ ...runItem(run), uri: first.uri }] : [];
    }),
  );
  const fileItems = files
    .filter((file) => choice.accepts(file) && !isTrainingState(file))
    .map((uri): ModelItem => ({ label: `$(file) ${workspace.asRelativePath(uri)}`, uri }));
  const item = await window.showQuickPick<ModelItem>(
    [
      ...section(l10n.t('Best checkpoints of runs'), runItems.flat()),
      ...section(l10n.t('Files'), fileItems),
      ...section(l10n.t('Browse'), [{ label: `$(folder-opened) ${l10n.t('Choose a file…')}`, browse: true }]),
    ],
    { title: choice.title, placeHolder: l10n.t('Choose {0}', choice.what), matchOnDescription: true },
  );
  if (!item?.browse) return item?.uri;
  const chosen = await window.showOpenDialog({
    title: choice.title,
    filters: { [l10n.t('Model files')]: dialogExtensions },
  });
  return chosen?.[0] && modelAt(chosen[0], choice);
}

function runItem(run: RunFolder): ModelItem {
  return {
    label: `$(star-full) ${path.posix.basename(run.uri.path)}`,
    description: [stateWords[run.state], formatBest(run.best)].join(' · '),
  };
}

export interface RunChoice {
  placeHolder: string;
  /** Which runs are offered, and whether the one in the active editor is meant. */
  accepts?(run: RunFolder): boolean;
  /** Message where there is none. */
  none?: string;
}

/** A run folder: the target, the run that the target or the active editor lies in, the only one, or a picked one. */
export async function resolveRun(
  { context }: { context: ExtensionContext },
  target: unknown,
  { placeHolder, accepts = () => true, none }: RunChoice,
): Promise<Uri | undefined> {
  const uri = uriOf(target);
  if (uri) return runAt(uri);
  const active = await activeRun();
  const shown = active && (await readRun(Uri.joinPath(active, 'run.json')));
  if (shown && accepts(shown)) return active;
  const runs = (await findRuns(context.workspaceState)).filter(accepts);
  if (runs.length === 0) {
    if (none === undefined)
      throw new UserError(
        l10n.t('No run was found in this workspace. To start one, use the command Flowscope: Train RealNVP.'),
      );
    void window.showInformationMessage(none);
    return undefined;
  }
  if (runs.length === 1) return runs[0]!.uri;
  const choice = await window.showQuickPick(
    runs.map((run) => ({
      ...runItem(run),
      label: path.posix.basename(run.uri.path),
      run,
      detail: run.uri.fsPath,
    })),
    { placeHolder, matchOnDetail: true },
  );
  return choice?.run.uri;
}

/** The run whose checkpoint the active editor shows. */
export async function activeRun(): Promise<Uri | undefined> {
  const file = activeFile();
  return file && isModelFile(file) ? runOfCheckpoint(file) : undefined;
}

async function runAt(uri: Uri): Promise<Uri> {
  if (isModelFile(uri)) {
    const run = await runOfCheckpoint(uri);
    if (run) return run;
    throw new UserError(l10n.t('{0} is not in a run folder.', path.posix.basename(uri.path)));
  }
  if (await isRunFolder(uri)) return uri;
  throw new UserError(
    l10n.t('{0} is not a run folder: it contains neither config.json nor metrics.jsonl.', uri.fsPath),
  );
}

export const anyModel: Kind = {
  what: l10n.t('a model file (.safetensors, .pt, .ckpt, .keras, .eqx, .pkl, .onnx, …)'),
  accepts: isModelFile,
};

/** Checkpoints of Flowscope or another library. */
export const checkpoint: Kind = {
  what: l10n.t('a checkpoint (.safetensors, .pt, .ckpt, .keras, .eqx, .pkl, …)'),
  accepts: isCheckpointFile,
};

/** The path of what the user chose to write to, or to read from. Throws a UserError for what is on no disk here. */
export function onDisk(uri: Uri): string {
  if (uri.scheme !== 'file')
    throw new UserError(l10n.t('{0} is not on this machine. Choose a folder on disk.', uri.toString(true)));
  return uri.fsPath;
}
