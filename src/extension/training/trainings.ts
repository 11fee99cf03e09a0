/** The trainings of this window, each in an engine process of its own. */
import { setPriority } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { commands, EventEmitter, type ExtensionContext, l10n, Uri } from 'vscode';
import { UserError } from '../../base/user-error';
import type { EngineEvents, TrainProgress, TrainRequest, TrainResult } from '../../protocol/engine';
import type { EngineProcess } from '../engine/engine-process';
import { log } from '../log';
import { rememberRun } from '../runs/find-runs';
import { toErrorData } from '../../protocol/wire';
import { formatBest } from '../localized-format';
import { offer } from '../offer';
import { exists } from '../runs/run-files';
import { inWindowWords } from '../window-words';

export type StartEngine = (name: string, events: Partial<EngineEvents>, scope?: Uri) => EngineProcess;

/** How long a canceled training may take to save before its process is ended. */
const saveMilliseconds = 30_000;

/** Little enough that a training gets on where other programs have all processors. Windows takes it for normal. */
const trainingNiceness = 2;

/** The window, and the models that are looked at in it, go before a training. Its threads inherit this. */
function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, trainingNiceness);
  } catch (error) {
    log().warn(`engine process ${pid}: its priority cannot be lowered (${(error as Error).message})`);
  }
}

export class Training {
  readonly token = randomUUID();
  readonly title: string;
  progress: TrainProgress | undefined;
  stopping = false;
  /** Rejects when the engine fails; a canceled training resolves with status "stopped". */
  readonly done: Promise<TrainResult>;
  private readonly engine: EngineProcess;

  constructor(
    readonly request: TrainRequest,
    startEngine: StartEngine,
    private readonly changed: () => void,
    scope?: Uri,
  ) {
    this.title = path.basename(request.output);
    this.engine = startEngine(
      `train ${this.title}`,
      {
        trainProgress: (token, progress) => {
          if (token !== this.token) return;
          // A step between two validations has no loss of its own to show: keep the last one.
          this.progress = { ...progress, metrics: progress.metrics ?? this.progress?.metrics };
          changed();
        },
      },
      scope,
    );
    // Launchers start processes with time limits of their own, as Ray does.
    if (!request.launch) giveWay(this.engine.pid);
    this.done = this.engine.api.train(request, this.token).finally(() => void this.engine.stop());
  }

  get folder(): string {
    return this.request.output;
  }

  get pid(): number | undefined {
    return this.engine.pid;
  }

  /** Asks the engine to save and stop; resolves when it has. A second call while it still saves ends the process. */
  async stop(): Promise<void> {
    if (this.stopping) {
      this.engine.kill();
    } else {
      this.stopping = true;
      this.changed();
      await this.engine.api.cancel(this.token).catch(() => undefined);
    }
    const timer = setTimeout(() => this.engine.kill(), saveMilliseconds);
    await this.done.catch(() => undefined);
    clearTimeout(timer);
  }
}

export class Trainings {
  private readonly active = new Set<Training>();
  private readonly changes = new EventEmitter<void>();
  private readonly ends = new EventEmitter<{ training: Training; result?: TrainResult; error?: unknown }>();
  readonly onDidChange = this.changes.event;
  readonly onDidEnd = this.ends.event;

  constructor(
    private readonly context: ExtensionContext,
    private readonly startEngine: StartEngine,
  ) {}

  get list(): Training[] {
    return [...this.active];
  }

  get folders(): Set<string> {
    return new Set(this.list.map((training) => training.folder));
  }

  /** Throws a UserError where this window already trains into the folder. */
  start(request: TrainRequest, scope?: Uri): Training {
    if (this.folders.has(request.output))
      throw new UserError(l10n.t('{0} is being trained. Stop that training first.', request.output));
    const training = new Training(request, this.startEngine, () => this.changes.fire(), scope);
    this.active.add(training);
    void rememberRun(this.context.workspaceState, training.folder);
    const end = (outcome: { result?: TrainResult; error?: unknown }) => {
      this.active.delete(training);
      this.update();
      this.ends.fire({ training, ...outcome });
    };
    training.done.then(
      (result) => end({ result }),
      (error: unknown) => end({ error }),
    );
    this.update();
    return training;
  }

  /** Saves and stops all of them: the window closes. */
  async dispose(): Promise<void> {
    await Promise.all(this.list.map((training) => training.stop()));
    this.changes.dispose();
    this.ends.dispose();
  }

  private update(): void {
    void commands.executeCommand('setContext', 'flowscope.training', this.active.size > 0);
    this.changes.fire();
  }
}

/** The one message of a training: at its end. */
function describeEnd(title: string, result: TrainResult): string {
  const message = result.message.replace(/\.?$/, '.');
  const { best } = result;
  return best
    ? l10n.t('Training of {0}: {1} Best: {2} at step {3}.', title, message, formatBest(best), best.step)
    : l10n.t('Training of {0}: {1}', title, message);
}

export async function showEnd(training: Training, result?: TrainResult, error?: unknown): Promise<void> {
  const { title, folder } = training;
  const run = Uri.file(folder);
  const showLog = { [l10n.t('Show Log')]: () => log().show() };
  if (result) {
    const { status, bestCheckpoint } = result;
    const text = describeEnd(title, result);
    log().info(text);
    return offer(status === 'failed' ? 'error' : 'information', text, {
      ...(bestCheckpoint && {
        [l10n.t('Open in Inspector')]: () =>
          commands.executeCommand('flowscope.openInInspector', Uri.file(bestCheckpoint)),
      }),
      [l10n.t('Show Run Folder')]: () => commands.executeCommand('flowscope.showRunFolder', run),
      ...(status === 'failed' && showLog),
    });
  }
  const { message, userError, stack } = toErrorData(error);
  log().error(`Training of ${title}: ${userError ? message : (stack ?? message)}`);
  const { data } = training.request;
  const text = l10n.t('Training of {0} failed: {1}', title, inWindowWords(message));
  const lookAtData = (): unknown => commands.executeCommand('flowscope.previewData', data);
  const canResume = await exists(Uri.joinPath(run, 'checkpoints', 'last.flow.safetensors'));
  const resume = (): unknown => commands.executeCommand('flowscope.resumeTraining', run);
  await offer(userError ? 'warning' : 'error', text, {
    ...(userError && data !== undefined && { [l10n.t('Preview Data')]: lookAtData }),
    ...(canResume && { [l10n.t('Resume Training')]: resume }),
    ...(!userError && showLog),
  });
}
