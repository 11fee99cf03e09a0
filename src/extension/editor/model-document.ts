/** One open model file: its engine lease, its id there, and the pages that show it. */
import type { CustomDocument, ExtensionContext, Uri } from 'vscode';
import { EventEmitter } from 'vscode';
import type { ExportReport } from '../../protocol/engine';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from '../../protocol/inspect';
import type { ModelSummary } from '../../protocol/model';
import type { EngineProcess } from '../engine/engine-process';
import type { EngineLease, SharedEngine } from '../engine/shared-engine';
import { type LocalFile, localFile } from './local-copy';
import { watchModel } from './watch-model';

interface OpenModel {
  engine: EngineProcess;
  local: LocalFile;
  summary: ModelSummary;
}

export class ModelDocument implements CustomDocument {
  private readonly lease: EngineLease;
  private opening: Promise<OpenModel> | undefined;
  /** The process that `opening` belongs to: after a crash the model is opened anew in the next one. */
  private openedIn: EngineProcess | undefined;
  private readonly changes = new EventEmitter<'model' | 'run'>();
  private readonly disposals = new EventEmitter<void>();
  private readonly watcher;
  readonly onDidChange = this.changes.event;
  readonly onDidDispose = this.disposals.event;

  constructor(
    private readonly context: ExtensionContext,
    inspection: SharedEngine,
    readonly uri: Uri,
  ) {
    this.lease = inspection.acquire();
    this.watcher = watchModel(uri, (what) => {
      if (what === 'model') this.forget();
      this.changes.fire(what);
    });
  }

  /** Opens the model where it is not open yet. Throws what the engine throws; the next call tries again. */
  async ask<M extends InspectorMethod>(
    method: M,
    query: InspectorQuery<M>,
    token: string,
  ): Promise<InspectorAnswer<M>> {
    const { engine, summary } = await this.model();
    return engine.api.ask(summary.id, method, query, token);
  }

  async cancel(token: string): Promise<void> {
    if (this.openedIn?.running) await this.openedIn.api.cancel(token);
  }

  async exportOnnx(output: string, token: string): Promise<ExportReport> {
    const { engine, summary } = await this.model();
    return engine.api.exportOnnx(summary.id, output, token);
  }

  async exportHtml(output: string, token: string): Promise<{ path: string; bytes: number }> {
    const { engine, summary } = await this.model();
    return engine.api.exportHtml(summary.id, output, token);
  }

  dispose(): void {
    this.watcher.dispose();
    this.forget();
    this.lease.dispose();
    this.disposals.fire();
    this.changes.dispose();
    this.disposals.dispose();
  }

  private model(): Promise<OpenModel> {
    const engine = this.lease.engine();
    if (this.opening && this.openedIn === engine) return this.opening;
    this.forget();
    this.openedIn = engine;
    const opening = this.openIn(engine);
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    return opening;
  }

  private async openIn(engine: EngineProcess): Promise<OpenModel> {
    const local = await localFile(this.context, this.uri);
    try {
      const summary = await engine.api.open(local.path);
      return { engine, local, summary };
    } catch (error) {
      await local.dispose();
      throw error;
    }
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
