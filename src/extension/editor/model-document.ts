/** One open model file: its engine lease, its id there, and the pages that show it. */
import { isFile } from '../../base/exists';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type CustomDocument,
  EventEmitter,
  type ExtensionContext,
  l10n,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { ControlRequest } from '../../config/control';
import { UserError } from '../../base/user-error';
import type { CheckQuery } from '../../protocol/check';
import type { Comparables } from '../../protocol/compare';
import type { EngineApi, SavedPage } from '../../protocol/engine';
import type { ImportForm } from '../../protocol/import';
import {
  questionOf,
  type InspectorAnswer,
  type InspectorMethod,
  type InspectorQuery,
} from '../../protocol/inspector-questions';
import type { ModelSummary } from '../../protocol/model';
import { defaultSelection } from '../../protocol/questions';
import { type AskArguments, type KnownAnswer, recordKey } from '../../protocol/webview';
import { paced } from '../debounce';
import type { EngineProcess } from '../engine/engine-process';
import type { InspectionEngines } from '../engine/inspection-engines';
import type { EngineLease } from '../engine/shared-engine';
import { askImport } from '../import/ask';
import { log } from '../log';
import { findRuns } from '../runs/find-runs';
import { readRun } from '../runs/run-files';
import { mustBeAllowed } from './check-target';
import { answersBeside, type LocalFile, localFile, sidecarOf } from './local-copy';
import { type OtherLease, OtherModels } from './other-models';
import { isFlowscopeFile } from '../view-types';
import { watchModel } from './watch-model';

/** Parameters of a model that answers before anybody could want something else. */
const smallModel = 1e6;
/** Runs of a workspace that are offered to compare with. */
const mostRuns = 30;
const summaryKey = recordKey('summary', undefined);

interface OpenModel {
  engine: EngineProcess;
  local: LocalFile;
  summary: ModelSummary;
}

export class ModelDocument implements CustomDocument {
  private readonly lease: EngineLease;
  private opening: Promise<OpenModel> | undefined;
  /** The process that `opening` belongs to: after a crash the model is opened again in the next one. */
  private openedIn: EngineProcess | undefined;
  /** As this document wrote them last, or found them when it opened the file. */
  private answers: string | undefined;
  private readonly closing = new AbortController();
  private readonly changes = new EventEmitter<'model' | 'run' | 'gone'>();
  private readonly answersAhead = new EventEmitter<KnownAnswer>();
  private readonly disposals = new EventEmitter<void>();
  private readonly watcher;
  /** A training writes checkpoints faster than a busy machine opens them and answers its page. */
  private readonly reread = paced(() => {
    this.forget();
    this.changes.fire('model');
  });
  private readonly others = new OtherModels<EngineProcess>((file) => this.roomOf(file));
  /** Files outside of the run that the user chose to compare with, or was offered. */
  private readonly granted = new Set<string>();
  private readonly recent: RecentModels;
  private lookers = 0;
  /** Folder of the run that the file belongs to, once the file was opened. */
  private runFolder: string | undefined;
  readonly onDidChange = this.changes.event;
  /** What pages will ask first, as soon as it is known. */
  readonly onDidAnswerAhead = this.answersAhead.event;
  readonly onDidDispose = this.disposals.event;

  constructor(
    private readonly context: ExtensionContext,
    private readonly engines: InspectionEngines,
    readonly uri: Uri,
  ) {
    this.lease = engines.of(uri).acquire();
    this.recent = new RecentModels(context.workspaceState);
    this.watcher = watchModel(uri, (what) => {
      if (what === 'answers') void this.answersChanged();
      else if (what === 'model') {
        this.reread.call();
        void this.hurry();
      } else {
        if (what === 'gone') this.reread.cancel();
        this.changes.fire(what);
        if (what === 'run') {
          void this.othersChanged();
          void this.hurry();
        }
      }
    });
  }

  /**
   * Opens the model, where the file leaves questions open with their defaults. Of a small one asks what its page will ask first.
   * Throws what the engine throws.
   */
  async openAhead(): Promise<void> {
    const opening = this.model();
    const { engine, summary } = await opening;
    this.answersAhead.fire({ key: summaryKey, answer: summary });
    if (!summary.runnable || summary.parameterCount > smallModel) return;
    const selection = defaultSelection(summary);
    const answer = await engine.api.ask(summary.id, 'strip', selection, randomUUID());
    // The file may have changed meanwhile.
    if (this.opening === opening) this.answersAhead.fire({ key: recordKey('strip', selection), answer });
  }

  /** Asks what the file leaves open and no one has answered, for work that asks nothing. A user who leaves the form gets the defaults. */
  async answer(): Promise<void> {
    await this.changeImport((form) => !form.answered);
  }

  /** Opens the model where it is not open yet. Throws what the engine throws; the next call tries again. */
  ask<M extends InspectorMethod>(...question: AskArguments<M>): Promise<InspectorAnswer<M>> {
    const answer = this.answerOf(...question);
    // Those of the run are asked with each of its steps.
    return question[0] === 'curves' ? answer : this.reread.during(answer);
  }

  private async answerOf<M extends InspectorMethod>(
    ...[method, query, token, of, context]: AskArguments<M>
  ): Promise<InspectorAnswer<M>> {
    if (method === 'check') mustBeAllowed(query as CheckQuery, this.context.workspaceState);
    const model = await this.model();
    const { engine, summary } = model;
    if (of === undefined || of === summary.path)
      return engine.api.ask(summary.id, method, query, token, context);
    if (!this.mayOpen(of, summary))
      throw new UserError(
        l10n.t('{0} is not a checkpoint of this run and was not chosen for comparison.', of),
      );
    return this.others.use(of, async (room, other): Promise<InspectorAnswer<M>> => {
      if (!isBeside(of, summary)) this.recent.add(of);
      const ask = (nextQuery: InspectorQuery<M>) => room.api.ask(other.id, method, nextQuery, token, context);
      if (!questionOf(method).beside) return ask(query);
      return besideOther(model, room, (first) => ask({ ...(query as object), first } as InspectorQuery<M>));
    });
  }

  /** What there is to compare with: the runs that the Runs view lists, and the files that were looked at lately. */
  async comparables(): Promise<Comparables> {
    const { engine, summary } = await this.model();
    const found = await findRuns(this.context.workspaceState);
    const folders = found
      .filter(({ uri }) => uri.scheme === 'file' && uri.fsPath !== summary.runFolder)
      .slice(0, mostRuns)
      .map(({ uri }) => uri.fsPath);
    const runs = (await engine.api.runCheckpoints(folders)).filter(
      ({ checkpoints }) => checkpoints.length > 0,
    );
    const listed = new Set(runs.flatMap(({ checkpoints }) => checkpoints.map(({ path: file }) => file)));
    for (const file of listed) this.granted.add(file);
    const others = this.recent.paths.filter(
      (file) => file !== summary.path && !isBeside(file, summary) && !listed.has(file),
    );
    const there = await Promise.all(others.map(isFile));
    return { runs, recent: others.filter((_, i) => there[i]) };
  }

  /** Whether pages of this document may look at a file: checkpoints next to its own, and files that the user chose. */
  mayOpen(file: string, summary: Pick<ModelSummary, 'path' | 'runFolder'>): boolean {
    return this.granted.has(file) || isBeside(file, summary) || this.recent.paths.includes(file);
  }

  /** The user chose this file to compare with. */
  grant(file: string): void {
    this.granted.add(file);
  }

  /** Leaves a request for the training of the run that the file lies in. */
  async control(request: ControlRequest): Promise<{ id: string }> {
    if (!workspace.isTrusted) {
      throw new UserError(
        l10n.t('{0} needs a trusted workspace. Opening models does not.', l10n.t('Changing a training')),
      );
    }
    // Not the opened model: a training that saves often has it read again and again, and the answer must not wait for that.
    const folder = this.runFolder ?? (await this.model()).summary.runFolder;
    if (folder === undefined)
      throw new UserError(l10n.t('{0} is not in a run folder.', path.posix.basename(this.uri.path)));
    return this.lease.engine().api.control(folder, request);
  }

  /** A page of this document came into sight or went out of it. */
  looked(visible: boolean): void {
    this.lookers += visible ? 1 : -1;
    this.watcher.watchClosely(this.lookers > 0);
  }

  async cancel(token: string): Promise<void> {
    const engines = new Set([...(this.openedIn ? [this.openedIn] : []), ...this.others.engines]);
    const running = [...engines].filter((engine) => engine.running);
    await Promise.all(running.map((engine) => engine.api.cancel(token)));
  }

  /** Opens the model where it is not open yet, for work in its engine. @param work gets its id there, and its file */
  async inEngine<T>(work: (api: EngineApi, id: string, file: string) => Promise<T>): Promise<T> {
    const { engine, summary, local } = await this.model();
    return work(engine.api, summary.id, local.path);
  }

  /** @param comparedWith path of the model that the page compares with */
  async exportHtml(output: string, token: string, comparedWith?: string): Promise<SavedPage> {
    const model = await this.model();
    const { engine, summary } = model;
    if (comparedWith === undefined || !this.mayOpen(comparedWith, summary))
      return engine.api.exportHtml(summary.id, output, token);
    return this.others.use(comparedWith, (room, other) =>
      besideOther(model, room, (id) => room.api.exportHtml(id, output, token, other.id)),
    );
  }

  /**
   * Asks again what the file does not hold, with the present answers filled in, and reads it again. Returns "nothing" for
   * a file about which there is nothing to ask, and "left" when the user changed their mind.
   */
  async changeImport(
    asks: (form: ImportForm) => boolean = () => true,
  ): Promise<'changed' | 'left' | 'nothing'> {
    if (isFlowscopeFile(this.uri)) return 'nothing';
    const outcome = await this.onFile(async (local, engine) => {
      const form = await engine.api.importForm(local.path);
      if (!form || form.questions.length === 0 || !asks(form)) return 'nothing';
      return (await this.askAndRemember(engine, local, form)) ? 'changed' : 'left';
    });
    if (outcome === 'changed') {
      this.forget();
      this.changes.fire('model');
    }
    return outcome;
  }

  /** Opens the flow with these data. Throws a UserError where they cannot be read, or are not of its features. */
  async addData(source: string): Promise<void> {
    await this.onFile(async (local, { api }) => this.remember(local, await api.nameData(local.path, source)));
    this.forget();
    const { summary } = await this.model();
    this.changes.fire('model');
    if (summary.splits.length === 0) throw new UserError(summary.splitsReason ?? source);
  }

  dispose(): void {
    this.closing.abort();
    this.watcher.dispose();
    this.reread.cancel();
    this.others.clear();
    this.forget();
    this.lease.dispose();
    this.disposals.fire();
    this.changes.dispose();
    this.answersAhead.dispose();
    this.disposals.dispose();
  }

  /** Our own files open where the document's does; one of other software where nothing else is. */
  private roomOf(file: string): OtherLease<EngineProcess> {
    if (isFlowscopeFile({ path: file }))
      return { engine: () => this.lease.engine(), dispose: () => undefined };
    return this.engines.of(Uri.file(file)).acquire();
  }

  private model(): Promise<OpenModel> {
    const engine = this.lease.engine();
    if (this.opening && this.openedIn === engine) return this.opening;
    this.forget();
    this.openedIn = engine;
    const opening = this.openIn(engine);
    this.opening = opening;
    this.reread.during(opening).catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    return opening;
  }

  private async openIn(engine: EngineProcess): Promise<OpenModel> {
    const local = await localFile(this.context, this.uri);
    try {
      // The file system may tell late of answers that were there before, which is not a reason to read the model again.
      if (!isFlowscopeFile(this.uri)) this.answers = await this.answersBeside();
      // Tells of a large file's layers while it is opened. Pages do not name the model by its place in the engine.
      engine.outlined.set(local.path, (outline) =>
        this.answersAhead.fire({ key: summaryKey, answer: { ...outline, id: '' } }),
      );
      const summary = await engine.api.open(local.path).finally(() => engine.outlined.delete(local.path));
      if (!local.copied) this.recent.add(summary.path);
      this.runFolder = summary.runFolder;
      return { engine, local, summary };
    } catch (error) {
      await local.dispose();
      throw error;
    }
  }

  /** Not on the opened model: answers that make no flow of the file are the ones to be changed. */
  private async onFile<T>(work: (local: LocalFile, engine: EngineProcess) => Promise<T>): Promise<T> {
    const engine = this.lease.engine();
    const local = await localFile(this.context, this.uri);
    try {
      return await work(local, engine);
    } finally {
      await local.dispose();
    }
  }

  private async askAndRemember(engine: EngineProcess, local: LocalFile, form: ImportForm): Promise<boolean> {
    const answers = await askImport(path.posix.basename(this.uri.path), form, this.closing.signal);
    if (!answers) return false;
    await engine.api.answerImport(local.path, answers);
    if (answers['flow'] !== form.answers['flow']) {
      const ofFlow = await engine.api.importForm(local.path);
      if (ofFlow && ofFlow.questions.length > 1 && (await this.askAndRemember(engine, local, ofFlow)))
        return true;
    }
    await this.remember(local, form.sidecar);
    return true;
  }

  private async remember(local: LocalFile, sidecar: string): Promise<void> {
    const bytes = new Uint8Array(await readFile(sidecar));
    this.answers = new TextDecoder().decode(bytes);
    // Next to a temporary copy they would never be found again.
    if (local.copied) {
      try {
        await workspace.fs.writeFile(sidecarOf(this.uri), bytes);
      } catch (error) {
        log().warn(`${sidecarOf(this.uri).path}: ${(error as Error).message}`);
        return;
      }
    }
    const saved = path.posix.basename(sidecarOf(this.uri).path);
    void window.showInformationMessage(l10n.t('Saved your answers in {0}, next to the file.', saved));
  }

  /** What a training saved last is read at once: after its end, and while it is paused, nothing follows. */
  private async hurry(): Promise<void> {
    if (!this.reread.waits()) return;
    const run = await readRun(Uri.joinPath(this.uri, '..', '..', 'run.json'));
    if (run && run.state !== 'running') this.reread.last();
  }

  /** Checkpoints that a training overwrites are read again. */
  private async othersChanged(): Promise<void> {
    if ((await this.others.refresh()) && !this.closing.signal.aborted) this.changes.fire('model');
  }

  /** Somebody else, such as a version control system, changed the answers. */
  private async answersChanged(): Promise<void> {
    const answers = await this.answersBeside();
    if (answers === undefined || this.closing.signal.aborted || answers === this.answers) return;
    this.forget();
    this.changes.fire('model');
  }

  private async answersBeside(): Promise<string | undefined> {
    const bytes = await answersBeside(this.uri);
    return bytes && new TextDecoder().decode(bytes);
  }

  /** Lets go of the opened model, if any; the next question opens the file as it then is. */
  private forget(): void {
    const opening = this.opening;
    this.opening = undefined;
    void opening?.then(
      async ({ engine, local, summary }) => {
        if (engine.running) await engine.api.close(summary.id).catch(() => undefined);
        await local.dispose();
      },
      () => undefined,
    );
  }
}

/** Work that needs a document's model in the engine of another one: it goes to the stranger, never the other way. */
async function besideOther<T>(
  { engine, summary, local }: OpenModel,
  room: EngineProcess,
  work: (id: string) => Promise<T>,
): Promise<T> {
  if (room === engine) return work(summary.id);
  const { id } = await room.api.open(local.path);
  try {
    return await work(id);
  } finally {
    if (room.running) await room.api.close(id).catch(() => undefined);
  }
}

/** Whether a file is another checkpoint of the run that a model lies in. */
function isBeside(
  file: string,
  { path: modelPath, runFolder }: Pick<ModelSummary, 'path' | 'runFolder'>,
): boolean {
  return (
    runFolder !== undefined &&
    path.dirname(file) === path.dirname(modelPath) &&
    isFlowscopeFile({ path: file })
  );
}

const mostRecent = 20;

/** Model files that were opened or compared lately, which pages may compare with after the window was reloaded too. */
class RecentModels {
  constructor(private readonly state: ExtensionContext['workspaceState']) {}

  /** Paths, the latest first. */
  get paths(): string[] {
    return this.state.get<string[]>('flowscope.recentModels', []);
  }

  add(file: string): void {
    const [first, ...rest] = this.paths;
    if (first === file) return;
    const others = first === undefined ? rest : [first, ...rest];
    void this.state.update(
      'flowscope.recentModels',
      [file, ...others.filter((known) => known !== file)].slice(0, mostRecent),
    );
  }
}
