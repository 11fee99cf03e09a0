/** One webview that shows a document: answers the page's calls and tells it of changes. */
import { randomUUID } from 'node:crypto';
import { commands, env, l10n, type Memento, Uri, type WebviewPanel, window, workspace } from 'vscode';
import type { Disposable } from '../disposable';
import { UserError } from '../../base/user-error';
import type { InspectorAnswer, InspectorMethod } from '../../protocol/inspector-questions';
import type { OutlineLayer, PageSelection } from '../../protocol/page-actions';
import type { AskArguments, PageApi, PageCommand, PageEvents, PageHost } from '../../protocol/webview';
import { log } from '../log';
import { connectPage } from '../panel-rpc';
import type { ActiveInspector, ShownInspector } from './active-inspector';
import { pickModel } from '../targets/targets';
import { chooseData } from '../training/data-dialog';
import { chooseTarget } from './check-target';
import { exportPlace } from './export-place';
import type { ModelDocument } from './model-document';
import { inWindowWords } from '../window-words';
import { titleOf } from './title';
import { isModelFile, isTrainingState, viewTypeOf } from '../view-types';

const pageCommands: Record<PageCommand, string> = {
  exportOnnx: 'flowscope.exportOnnx',
  exportTorch: 'flowscope.exportTorch',
  exportHtml: 'flowscope.exportHtml',
  exportAnimation: 'flowscope.exportAnimation',
  showRunFolder: 'flowscope.showRunFolder',
  resumeTraining: 'flowscope.resumeTraining',
  trainAgain: 'flowscope.trainAgain',
  changeImport: 'flowscope.changeImport',
  convert: 'flowscope.convert',
};

export class PageSession implements ShownInspector, Disposable {
  readonly page: PageEvents;
  readonly uri: Uri;
  layers: readonly OutlineLayer[] = [];
  selection: PageSelection | undefined;
  /** Tells the tokens of this page from other pages' tokens in the same engine. */
  private readonly id = randomUUID();
  private readonly pending = new Set<string>();
  private readonly disposables: Disposable[] = [];
  private visible = false;
  /** What the page may call of the session, and nothing else. A message holds null where the page gave undefined. */
  private readonly host: PageHost = {
    ask: (method, query, token, of, context) =>
      this.ask(method, query, token, of ?? undefined, context ?? undefined),
    cancel: (token) => this.document.cancel(`${this.id}/${token}`),
    showLog: async () => log().show(),
    command: async (name, of) => {
      const command = Object.hasOwn(pageCommands, name) ? pageCommands[name] : undefined;
      if (!command) throw new UserError(l10n.t('The page asked for an unknown command, {0}.', name));
      const about = of ? await this.reached(of) : this.document.uri;
      await commands.executeCommand(
        command,
        about,
        ...(name === 'exportHtml' ? [this.selection?.comparedWith] : []),
      );
    },
    // Only checkpoints of the document's own run, and what the user chose to compare with.
    openCheckpoint: async (path) => {
      const uri = await this.reached(path);
      await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
    },
    chooseModel: async () => {
      const documentUri = this.document.uri.toString();
      const chosen = await pickModel(this.state, {
        title: l10n.t('Compare With'),
        what: l10n.t('a checkpoint or model to compare with'),
        accepts: (uri) =>
          uri.scheme === 'file' &&
          isModelFile(uri) &&
          !isTrainingState(uri) &&
          uri.toString() !== documentUri,
      });
      if (!chosen) return undefined;
      this.document.grant(chosen.fsPath);
      return chosen.fsPath;
    },
    comparables: () => this.document.comparables(),
    control: (request) => this.document.control(request),
    chooseData: chooseUserData,
    chooseTarget: () => chooseTarget(this.state),
    addData: async (what) => {
      const chosen = await chooseUserData(what);
      if (chosen !== undefined) await this.document.addData(chosen);
    },
    save: async (suggestedName, bytes) => {
      const name = suggestedName.replace(/[\\/:*?"<>|]/g, '-');
      const { folder } = exportPlace(this.document.uri);
      const target = await window.showSaveDialog({ defaultUri: Uri.joinPath(folder, name) });
      if (!target) return false;
      await workspace.fs.writeFile(target, bytes);
      return true;
    },
    copyText: async (text) => {
      await env.clipboard.writeText(text);
      window.setStatusBarMessage(l10n.t('Copied'), 2000);
    },
    outline: async (layers) => {
      this.layers = layers;
      this.active.reported(this, 'layers');
    },
    selected: async (selection) => {
      this.selection = selection;
      this.active.reported(this, 'selection');
    },
  };

  constructor(
    private readonly document: ModelDocument,
    panel: WebviewPanel,
    private readonly active: ActiveInspector,
    private readonly state: Memento,
  ) {
    this.see(panel.visible);
    this.uri = document.uri;
    const page = connectPage<PageApi, PageHost>(panel, this.host, ['changed', 'select', 'act', 'answered']);
    this.page = page;
    this.disposables.push(
      panel.onDidChangeViewState(() => this.see(panel.visible)),
      document.onDidChange((what) => {
        if (what !== 'run') panel.title = titleOf(document.uri, { gone: what === 'gone' });
        this.page.changed(what);
      }),
      document.onDidAnswerAhead((known) => page.answered(known)),
      panel.onDidChangeViewState(() => active.set(this, panel.active)),
    );
    active.set(this, panel.active);
  }

  private async ask<M extends InspectorMethod>(
    ...[method, query, token, of, context]: AskArguments<M>
  ): Promise<InspectorAnswer<M>> {
    const pageToken = `${this.id}/${token}`;
    this.pending.add(pageToken);
    try {
      return await this.document.ask(method, query, pageToken, of, context);
    } catch (error) {
      const { message } = error as Error;
      log().warn(`${method} of ${of ?? this.document.uri.path}: ${message}`);
      throw error instanceof UserError ? new UserError(inWindowWords(message)) : error;
    } finally {
      this.pending.delete(pageToken);
    }
  }

  /** Throws a UserError for a file that this page has no business with. */
  private async reached(path: string): Promise<Uri> {
    if (!this.document.mayOpen(path, await this.ask('summary', undefined, randomUUID())))
      throw new UserError(l10n.t('{0} is not a checkpoint of this run.', path));
    return Uri.file(path);
  }

  private see(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    this.document.looked(visible);
  }

  dispose(): void {
    this.see(false);
    this.active.set(this, false);
    for (const token of this.pending) void this.document.cancel(token).catch(() => undefined);
    for (const disposable of this.disposables) disposable.dispose();
  }
}

/** Throws a UserError for data that are not on this machine. */
async function chooseUserData(what: 'file' | 'folder'): Promise<string | undefined> {
  const chosen = await chooseData(
    what,
    what === 'folder'
      ? l10n.t('Folder of images to compare the example with')
      : l10n.t('File with examples to compare with'),
  );
  if (chosen && chosen.scheme !== 'file')
    throw new UserError(l10n.t('{0} is not on this machine. Copy it here first.', chosen.toString(true)));
  return chosen?.fsPath;
}
