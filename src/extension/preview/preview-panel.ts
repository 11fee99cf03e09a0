/** What data look like before a flow is trained on them: one panel for each source. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  commands,
  type ExtensionContext,
  l10n,
  RelativePattern,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import { UserError } from '../../base/user-error';
import type { DataPreview } from '../../protocol/data';
import type { EngineApi, TrainEstimate, TrainRequest, Place } from '../../protocol/engine';
import type { PreviewEvents, PreviewHost, TrainingChoice } from '../../protocol/preview-page';
import { debounce } from '../debounce';
import type { Disposable } from '../disposable';
import { dataEngine } from '../engine/data-engine';
import type { InspectionEngines } from '../engine/inspection-engines';
import type { SharedEngine } from '../engine/shared-engine';
import { log } from '../log';
import { connectPage } from '../panel-rpc';
import { showPage } from '../show-page';
import { guarded } from '../report-error';
import { presetGroups } from '../training/catalogue';
import { choiceOf, dataName } from '../training/data-choice';
import { inWindowWords } from '../window-words';
import { withSteps, configOf } from './chosen-config';
import { PresetTimer } from './preset-timer';
import { previewView } from './view-type';
import { writeConfig } from '../configs/write-config';
import { escapeGlob } from '../workspace-files';

export class PreviewPanels {
  private readonly panels = new Map<string, WebviewPanel>();
  private readonly places = new Map<string, Place>();

  constructor(
    private readonly context: ExtensionContext,
    private readonly engines: InspectionEngines,
  ) {}

  /**
   * @param source a built-in name or an absolute path
   * @param place where a training that is started there runs
   */
  show(source: string, place?: Place): void {
    if (place) this.places.set(source, place);
    else this.places.delete(source);
    const open = this.panels.get(source);
    if (open) {
      open.reveal();
      return;
    }
    const title = l10n.t('Data: {0}', path.basename(source));
    this.adopt(window.createWebviewPanel(previewView, title, ViewColumn.Active), source);
  }

  /** Fills a panel that is new, or that was open when the window was closed. */
  adopt(panel: WebviewPanel, source: string): void {
    this.panels.set(source, panel);
    const engine = dataEngine(this.engines, source);
    const timer = new PresetTimer(this.engines.forTiming(source));
    const session = new PreviewSession(engine, timer, panel, source, () => this.places.get(source));
    panel.onDidDispose(() => {
      session.dispose();
      if (this.panels.get(source) === panel) this.panels.delete(source);
    });
    showPage(panel, this.context.extensionUri, 'preview');
  }
}

class PreviewSession implements Disposable {
  private readonly id = randomUUID();
  private readonly running = new Map<string, () => void>();
  private readonly disposables: Disposable[] = [];

  constructor(
    private readonly engine: SharedEngine,
    private readonly timer: PresetTimer,
    panel: WebviewPanel,
    private readonly source: string,
    place: () => Place | undefined,
  ) {
    const functions: PreviewHost = {
      source: () => Promise.resolve(source),
      // A message holds null where the page gave undefined.
      preview: (token, choice) =>
        this.ask(token, async (api, pageToken) =>
          inOurWords(await api.previewData(source, pageToken, choice ?? undefined)),
        ),
      overview: (token) => this.ask(token, (api, pageToken) => api.tableOverview(source, pageToken)),
      presets: () => Promise.resolve(this.isConfig ? [] : presetGroups(choiceOf(source))),
      estimate: (choice, token) => this.time({ data: source, ...withSteps(choice) }, token),
      cancel: async (token) => this.running.get(`${this.id}/${token}`)?.(),
      showLog: async () => log().show(),
      // The page waits for nothing: the questions come up over it.
      train: async (choice) =>
        void (this.isConfig
          ? commands.executeCommand('flowscope.trainConfig', Uri.file(source), { place: place() })
          : commands.executeCommand('flowscope.train', {
              data: source,
              ...withSteps(choice),
              place: place(),
            })),
      saveConfig: async (choice) => void guarded(l10n.t('Save as config'), () => saveConfig(source, choice)),
    };
    const page = connectPage<PreviewEvents, PreviewHost>(panel, functions, ['changed']);
    if (path.isAbsolute(source)) this.watch(() => void page.changed());
  }

  private get isConfig(): boolean {
    return this.source.endsWith('.json');
  }

  /** The engine is held while it reads, not while the panel is open. */
  private ask<T>(token: string, work: (api: EngineApi, token: string) => Promise<T>): Promise<T> {
    const pageToken = `${this.id}/${token}`;
    const asked = this.engine.use(({ api }) => {
      this.running.set(pageToken, () => void api.cancel(pageToken).catch(() => undefined));
      return work(api, pageToken);
    });
    return this.followed(pageToken, asked);
  }

  private time(request: Omit<TrainRequest, 'output'>, token: string): Promise<TrainEstimate> {
    const pageToken = `${this.id}/${token}`;
    const controller = new AbortController();
    this.running.set(pageToken, () => controller.abort());
    return this.followed(pageToken, this.timer.time(request, controller.signal), controller.signal);
  }

  /** With an error in words of the window, while the log has the engine's words; one after an abort stays as it is. */
  private async followed<T>(pageToken: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (signal?.aborted) throw error;
      const { message } = error as Error;
      log().warn(`${this.source}: ${message}`);
      throw new UserError(inWindowWords(message));
    } finally {
      this.running.delete(pageToken);
    }
  }

  private watch(changed: () => void): void {
    const { dir, base } = path.parse(this.source);
    const later = debounce(changed, 400);
    const pattern = new RelativePattern(Uri.file(dir), escapeGlob(base));
    const watcher = workspace.createFileSystemWatcher(pattern, false, false, true);
    this.disposables.push(later, watcher, watcher.onDidCreate(later.call), watcher.onDidChange(later.call));
  }

  dispose(): void {
    for (const cancel of this.running.values()) cancel();
    for (const disposable of this.disposables) disposable.dispose();
  }
}

function inOurWords({ warnings, ...preview }: DataPreview): DataPreview {
  return { ...preview, warnings: warnings.map(inWindowWords) };
}

/** Asks where, writes the config and opens it. @param source a built-in name or an absolute path */
async function saveConfig(source: string, choice: TrainingChoice): Promise<void> {
  const folder = path.isAbsolute(source) ? Uri.file(path.dirname(source)) : undefined;
  const textIn = (chosen: string): string =>
    `${JSON.stringify(configOf(source, choice, chosen), undefined, 2)}\n`;
  await writeConfig(l10n.t('Save as config'), { folder, name: dataName(source) }, textIn);
}
