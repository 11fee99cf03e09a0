/** The panel on which a data set of the plane is drawn, saved and trained on. */
import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  commands,
  type ExtensionContext,
  FileType,
  l10n,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import { UserError } from '../../base/user-error';
import type { DrawHost, DrawnPoints } from '../../protocol/draw-page';
import type { SharedEngine } from '../engine/shared-engine';
import { log } from '../log';
import { connectPage } from '../panel-rpc';
import { showPage } from '../show-page';
import { builtinData } from '../training/catalogue';
import type { TrainArguments } from '../training/train-arguments';
import { csvOfPoints } from './csv';
import { drawView } from './view-type';

/** Points of a built-in set that come onto the plane. */
const loadedPoints = 1500;

/** What other extensions, key bindings and tests may pass instead of answering the questions. */
export interface DrawArguments {
  /** Where the CSV goes: relative to the workspace folder, or absolute. */
  file?: string;
  /** Answers of the training, `output` above all. */
  train?: TrainArguments;
}

export class DrawPanels {
  constructor(
    private readonly context: ExtensionContext,
    private readonly inspection: SharedEngine,
  ) {}

  show(answers: DrawArguments): void {
    this.adopt(window.createWebviewPanel(drawView, l10n.t('Draw Data'), ViewColumn.Active), answers);
  }

  /** Fills a panel that is new, or that was open when the window was closed. */
  adopt(panel: WebviewPanel, answers: DrawArguments): void {
    connectPage<object, DrawHost>(panel, this.functions(answers));
    showPage(panel, this.context.extensionUri, 'draw-data');
  }

  private functions(answers: DrawArguments): DrawHost {
    const id = randomUUID();
    const running = new Map<string, () => void>();
    return {
      builtin: async () =>
        builtinData
          .filter(({ kind }) => kind === 'plane')
          .map(({ source, title }) => ({ name: source, title })),
      load: async (name, token) => {
        // The engine is held while it reads, not while the panel is open.
        const call = `${id}/${token}`;
        const points = await this.inspection
          .use(({ api }) => {
            running.set(token, () => void api.cancel(call).catch(() => undefined));
            return api.planePoints(name, loadedPoints, call);
          })
          .finally(() => running.delete(token));
        return points.data;
      },
      cancel: async (token) => running.get(token)?.(),
      save: async (points) => nameOf(await save(points, answers)),
      saveAndTrain: async (points) => {
        const file = await save(points, answers);
        // The page waits for nothing: the questions come up over it.
        if (file) void commands.executeCommand('flowscope.train', { ...answers.train, data: file.fsPath });
        return nameOf(file);
      },
      showLog: async () => log().show(),
    };
  }
}

function nameOf(file: Uri | undefined): string | undefined {
  return file && path.basename(file.fsPath);
}

/** Asks where unless that is given; undefined when the user decided otherwise. */
async function save(points: DrawnPoints, { file }: DrawArguments): Promise<Uri | undefined> {
  const content = csvOfPoints(points);
  const base = workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri;
  const target =
    file === undefined
      ? await window.showSaveDialog({
          title: l10n.t('Save the drawn points'),
          filters: { CSV: ['csv'] },
          ...(base ? { defaultUri: await freeName(base) } : {}),
        })
      : path.isAbsolute(file)
        ? Uri.file(file)
        : base && Uri.joinPath(base, file);
  if (!target) {
    if (file === undefined) return undefined;
    throw new UserError(l10n.t('{0}: open a folder or give an absolute path.', file));
  }
  if (target.scheme !== 'file')
    throw new UserError(
      l10n.t('Training only reads files on this machine. Save the points in a folder on disk.'),
    );
  await writeWhole(target, content);
  log().info(`${target.fsPath}: ${points.length / 2} drawn points`);
  return target;
}

/** drawn.csv, or the first drawn-2.csv, … that there is not. */
async function freeName(base: Uri): Promise<Uri> {
  const taken = new Set((await workspace.fs.readDirectory(base)).map(([name]) => name));
  let name = 'drawn.csv';
  for (let n = 2; taken.has(name); n++) name = `drawn-${n}.csv`;
  return Uri.joinPath(base, name);
}

/** Beside its place, then renamed over it: who reads it sees the old file or the new one. */
async function writeWhole(file: Uri, content: string): Promise<void> {
  const known = await Promise.resolve(workspace.fs.stat(file)).catch(() => undefined);
  if (known?.type === FileType.Directory)
    throw new UserError(l10n.t('{0} is a folder. Choose a file name.', file.fsPath));
  const name = `.${path.basename(file.fsPath)}.${randomBytes(6).toString('hex')}.tmp`;
  const beside = Uri.joinPath(file, '..', name);
  try {
    await workspace.fs.writeFile(beside, new TextEncoder().encode(content));
    await workspace.fs.rename(beside, file, { overwrite: true });
  } catch (error) {
    await Promise.resolve(workspace.fs.delete(beside)).catch(() => undefined);
    throw error;
  }
}
