/** The Runs view: one row for each run, our own or other software's, its checkpoints below. It reads the disk when shown and when files change. */
import path from 'node:path';
import {
  type Command,
  commands,
  EventEmitter,
  type ExtensionContext,
  l10n,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeDataProvider,
  Uri,
  window,
  workspace,
} from 'vscode';
import { debounce } from '../debounce';
import { formatBest, formatBytes } from '../localized-format';
import { findRuns } from './find-runs';
import { findOtherRuns, type OtherCheckpoint, type OtherRun } from './other-runs';
import {
  type CheckpointFile,
  isTrained,
  readCheckpoints,
  readRun,
  type RunFolder,
  type RunState,
} from './run-files';
import { stateWords } from './state-words';
import type { TrainingKeys } from './training-keys';

export type RunNode =
  | { kind: 'run'; run: RunFolder }
  | { kind: 'checkpoint'; file: CheckpointFile; run: RunFolder }
  | { kind: 'otherRun'; run: OtherRun }
  | { kind: 'otherCheckpoint'; file: OtherCheckpoint };

const icons: Record<RunState, [icon: string, color?: string]> = {
  running: ['pulse'],
  finished: ['pass'],
  paused: ['debug-pause'],
  stopped: ['stop-circle'],
  interrupted: ['debug-disconnect'],
  failed: ['error', 'list.errorForeground'],
  unreadable: ['warning', 'list.warningForeground'],
};

export class RunsProvider implements TreeDataProvider<RunNode> {
  private readonly changed = new EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** Those that others train, as they were read last. */
  private elsewhere: RunFolder[] = [];
  /** Rows that were read after the newest ones were shown. */
  private ready: RunNode[] | undefined;
  private shownOnce = false;

  constructor(
    private readonly context: ExtensionContext,
    /** Run folders that this window trains at present. */
    private readonly training: () => Set<string>,
    private readonly keys?: TrainingKeys,
  ) {}

  refresh(): void {
    this.ready = undefined;
    this.changed.fire(undefined);
  }

  /** Reads again what others train: when a process is killed, no file changes. */
  async lookElsewhere(): Promise<void> {
    const now = await Promise.all(
      this.elsewhere.map(
        async ({ uri, state }) => (await readRun(Uri.joinPath(uri, 'run.json')))?.state === state,
      ),
    );
    if (now.includes(false)) this.refresh();
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (!node) return this.roots();
    if (node.kind === 'run')
      return (await readCheckpoints(node.run.uri)).map((file) => ({
        kind: 'checkpoint',
        file,
        run: node.run,
      }));
    return node.kind === 'otherRun'
      ? node.run.checkpoints.map((file) => ({ kind: 'otherCheckpoint', file }))
      : [];
  }

  /** The newest of thousands of runs come first, only once: a full list is not cut again when one changes. */
  private roots(): Promise<RunNode[]> {
    if (this.ready) {
      const rows = this.ready;
      this.ready = undefined;
      return Promise.resolve(rows);
    }
    return new Promise((resolve, reject) => {
      let early = false;
      const newest = (runs: RunFolder[]): void => {
        early = true;
        resolve(this.rowsOf(runs));
      };
      const all = this.readAll(this.shownOnce ? undefined : newest);
      this.shownOnce = true;
      all.then((rows) => {
        if (!early) {
          resolve(rows);
          return;
        }
        this.ready = rows;
        this.changed.fire(undefined);
      }, reject);
    });
  }

  private async readAll(onNewest: ((runs: RunFolder[]) => void) | undefined): Promise<RunNode[]> {
    const [runs, others] = await Promise.all([
      findRuns(this.context.workspaceState, onNewest),
      findOtherRuns(),
    ]);
    // That there are none is not said before.
    void commands.executeCommand('setContext', 'flowscope.runsRead', true);
    const training = this.training();
    this.elsewhere = runs.filter((run) => isTrained(run) && !training.has(run.uri.fsPath));
    this.keys?.tell(
      'elsewhere',
      this.elsewhere.map(({ state }) => state),
    );
    return [...this.rowsOf(runs), ...others.map((run): RunNode => ({ kind: 'otherRun', run }))];
  }

  private rowsOf(runs: readonly RunFolder[]): RunNode[] {
    const training = this.training();
    return runs.map((run) => ({
      kind: 'run',
      run: training.has(run.uri.fsPath) && run.state !== 'paused' ? { ...run, state: 'running' } : run,
    }));
  }

  getTreeItem(node: RunNode): TreeItem {
    if (node.kind === 'run') return this.runItem(node.run);
    if (node.kind === 'checkpoint') return checkpointItem(node.file, node.run);
    return node.kind === 'otherRun' ? otherRunItem(node.run) : otherCheckpointItem(node.file);
  }

  private runItem(run: RunFolder): TreeItem {
    const item = new TreeItem(path.posix.basename(run.uri.path), TreeItemCollapsibleState.Collapsed);
    item.id = run.uri.toString();
    item.resourceUri = undefined;
    const [icon, color] = icons[run.state];
    item.iconPath = new ThemeIcon(icon, color ? new ThemeColor(color) : undefined);
    item.description = run.best
      ? `${stateWords[run.state]} · ${formatBest(run.best)}`
      : stateWords[run.state];
    item.tooltip = tooltip(run);
    // Its best checkpoint; what has none unfolds.
    if (run.best) item.command = openCommand(run.uri);
    const isTrainedHere = this.training().has(run.uri.fsPath);
    const trained = isTrained(run);
    const where = isTrainedHere ? 'run.training' : trained ? 'run.elsewhere' : 'run.openable';
    item.contextValue = trained ? `${where}.${run.state}` : where;
    item.accessibilityInformation = { label: l10n.t('Run {0}, {1}', item.label as string, item.description) };
    return item;
  }
}

function tooltip(run: RunFolder): MarkdownString {
  const text = new MarkdownString();
  text.appendText(workspace.asRelativePath(run.uri));
  text.appendMarkdown(
    `\n\n${run.step === undefined ? stateWords[run.state] : l10n.t('{0} at step {1}', stateWords[run.state], run.step)}`,
  );
  if (run.best)
    text.appendMarkdown(`\n\n${l10n.t('best {0} at step {1}', formatBest(run.best), run.best.step)}`);
  if (run.message) {
    text.appendMarkdown('\n\n');
    text.appendText(run.message);
  }
  return text;
}

function checkpointItem(file: CheckpointFile, run: RunFolder): TreeItem {
  const label = file.kind === 'step' && file.step !== undefined ? l10n.t('step {0}', file.step) : file.kind;
  const item = new TreeItem(label, TreeItemCollapsibleState.None);
  const atBest =
    file.kind === 'best' && run.best
      ? `${l10n.t('step {0}', run.best.step)} · ${formatBest(run.best)}`
      : undefined;
  item.description = atBest ?? formatBytes(file.bytes);
  item.iconPath = new ThemeIcon(
    file.kind === 'best' ? 'star-full' : file.kind === 'last' ? 'history' : 'milestone',
  );
  opens(item, file.uri);
  item.contextValue = 'checkpoint';
  return item;
}

function opens(item: TreeItem, file: Uri): void {
  item.id = file.toString();
  item.tooltip = workspace.asRelativePath(file);
  item.command = openCommand(file);
}

function openCommand(target: Uri): Command {
  return { command: 'flowscope.openInInspector', title: l10n.t('Open in Inspector'), arguments: [target] };
}

function otherRunItem(run: OtherRun): TreeItem {
  const item = new TreeItem(run.name, TreeItemCollapsibleState.Collapsed);
  item.id = run.uri.toString();
  item.iconPath = new ThemeIcon('package');
  const count = run.checkpoints.length;
  item.description =
    count === 1
      ? l10n.t('{0} · 1 checkpoint', run.software)
      : l10n.t('{0} · {1} checkpoints', run.software, count);
  item.tooltip = workspace.asRelativePath(run.uri);
  item.contextValue = 'otherRun';
  item.accessibilityInformation = { label: l10n.t('Run {0}, {1}', run.name, item.description) };
  return item;
}

function otherCheckpointItem(file: OtherCheckpoint): TreeItem {
  const item = new TreeItem(file.name, TreeItemCollapsibleState.None);
  item.description = formatBytes(file.bytes);
  item.iconPath = new ThemeIcon('milestone');
  opens(item, file.uri);
  item.contextValue = 'checkpoint.other';
  return item;
}

/** How often runs that others train are looked at while the view is shown, ms. */
const lookEvery = 5000;

/** Registers the view and what refreshes it. Nothing is read before the view is shown. */
export function registerRunsView(
  context: ExtensionContext,
  training: () => Set<string>,
  keys: TrainingKeys,
): RunsProvider {
  const provider = new RunsProvider(context, training, keys);
  const view = window.createTreeView('flowscope.runs', { treeDataProvider: provider, showCollapseAll: true });
  let stale = false;
  const refresh = debounce(() => {
    stale = !view.visible;
    if (view.visible) provider.refresh();
  }, 500);
  const watcher = workspace.createFileSystemWatcher(
    '**/{run.json,*.flow.safetensors,*.flowrec.safetensors,*.ckpt,model.pt}',
  );
  // Only its coming and going: its changes are heartbeats.
  const locks = workspace.createFileSystemWatcher('**/train.lock', false, true, false);
  const timer = setInterval(() => {
    if (view.visible) void provider.lookElsewhere();
  }, lookEvery);
  context.subscriptions.push(
    view,
    { dispose: () => clearInterval(timer) },
    watcher,
    locks,
    locks.onDidCreate(refresh.call),
    locks.onDidDelete(refresh.call),
    refresh,
    watcher.onDidCreate(refresh.call),
    watcher.onDidChange(refresh.call),
    watcher.onDidDelete(refresh.call),
    workspace.onDidChangeWorkspaceFolders(refresh.call),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible && stale) refresh.call();
    }),
  );
  return provider;
}
