/** The loop over steps: when to validate, save, report and stop. */
import type { RunPaths } from '../../checkpoint/run-folder';
import { writeStatus } from '../../checkpoint/run-folder';
import type { RunConfig } from '../../config/schema';
import { UserError } from '../../config/user-error';
import type { Dataset } from '../../data/dataset';
import type { TrainPhase, TrainProgress, TrainResult } from '../../protocol/engine';
import type { MetricsRow } from '../../protocol/inspect';
import type { BackendInfo } from '../../protocol/model';
import type { Recorder, RunProgress } from './record';
import { createWindow } from './window';
import type { Likelihood, Trainer } from './trainer';

export interface LoopOptions {
  trainer: Trainer;
  recorder: Recorder;
  config: RunConfig;
  dataset: Dataset;
  paths: RunPaths;
  backend: BackendInfo;
  /** Where an interrupted run goes on. */
  start?: { step: number; seconds: number; progress: RunProgress };
  /** Validates before the first step: the weights are a checkpoint's, and what they reach is what has to be bettered. */
  validateFirst?: boolean;
  /** Ends before `config.training.steps` without changing the learning-rate schedule. */
  maxSteps?: number;
  maxSeconds?: number;
  signal?: AbortSignal;
  onProgress: (progress: TrainProgress) => void;
  log: (line: string) => void;
}

interface Ending {
  status: TrainResult['status'];
  message: string;
}

/** Progress goes out at most this often, ms. */
const reportEvery = 200;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function trainingLoop(options: LoopOptions): Promise<TrainResult> {
  const { trainer, recorder, config, dataset, paths, signal, start } = options;
  const { training } = config;
  const total = Math.min(training.steps, options.maxSteps ?? Infinity);
  const maxSeconds = options.maxSeconds ?? Infinity;
  const progress: RunProgress = start?.progress ?? { withoutBetter: 0 };
  const window = createWindow(trainer);
  const logEvery = Math.max(1, Math.round(training.validateEvery / 5));
  const first = start?.step ?? 0;
  let step = first;
  let seconds = start?.seconds ?? 0;
  const secondsBefore = seconds;
  let latest: MetricsRow | undefined;
  let reported = 0;

  const report = (phase: TrainPhase, metrics?: MetricsRow): void => {
    const now = performance.now();
    if (!metrics && phase === 'training' && now - reported < reportEvery) return;
    reported = now;
    const bySteps = total > 0 ? step / total : 1;
    const byTime = seconds / maxSeconds;
    const fraction = Math.min(1, Math.max(bySteps, byTime));
    const perStep = step > first ? (seconds - secondsBefore) / (step - first) : undefined;
    const eta = perStep === undefined ? undefined : Math.min((total - step) * perStep, maxSeconds - seconds);
    options.onProgress({
      phase,
      step,
      totalSteps: total,
      fraction,
      ...(eta === undefined ? {} : { etaSeconds: Math.max(0, eta) }),
      ...(metrics ? { metrics } : {}),
      ...(progress.best ? { best: progress.best } : {}),
      backend: options.backend,
    });
  };
  const moment = () => ({ step, seconds, ...(latest ? { metrics: latest } : {}) });

  const validate = async (row: MetricsRow): Promise<void> => {
    report('validating');
    const result: Likelihood = await trainer.evaluate(dataset.validation);
    const bitsPerDim = trainer.bitsPerDim(result.nats);
    row.validationNats = result.nats;
    if (bitsPerDim !== undefined) row.validationBitsPerDim = bitsPerDim;
    latest = row;
    if (result.nats < (progress.best?.nats ?? Infinity)) {
      progress.best = { step, nats: result.nats, ...(bitsPerDim === undefined ? {} : { bitsPerDim }) };
      progress.withoutBetter = 0;
      await recorder.best(moment());
    } else {
      progress.withoutBetter++;
    }
  };

  const oneStep = async (): Promise<Ending | undefined> => {
    const began = performance.now();
    const result = await trainer.step(step + 1);
    seconds += (performance.now() - began) / 1000;
    if (!result.finite) {
      const where = await trainer.diagnose(step + 1);
      return {
        status: 'failed',
        message: `Step ${step + 1} is not finite: ${where}. The last good checkpoint is kept.`,
      };
    }
    step++;
    window.add(result);
    const validates = dataset.validation.count > 0 && (step % training.validateEvery === 0 || step === total);
    if (validates || step % logEvery === 0 || step === total) {
      const row = window.row(step, seconds);
      if (validates) await validate(row);
      await recorder.metrics(row);
      latest = { ...latest, ...row };
      report('training', row);
    } else {
      report('training');
    }
    if (step % training.sampleEvery === 0) await recorder.samples(step);
    if (step % training.checkpointEvery === 0) {
      report('saving');
      await recorder.periodic(moment());
      await recorder.last(moment(), progress);
      await writeStatus(paths, {
        status: 'running',
        ...moment(),
        ...(progress.best ? { best: progress.best } : {}),
      });
    }
    if (training.patience > 0 && progress.withoutBetter >= training.patience) {
      return {
        status: 'finished',
        message: `Validation has not improved for ${progress.withoutBetter} validations; the best was at step ${progress.best?.step}.`,
      };
    }
    return undefined;
  };

  /** Data that cannot be read any more end a run; what was learned is kept, so that it can go on when they are back. */
  const keep = async (message: string): Promise<void> => {
    await recorder.last(moment(), progress);
    await writeStatus(paths, {
      status: 'failed',
      message,
      ...moment(),
      ...(progress.best ? { best: progress.best } : {}),
    });
  };

  if (options.validateFirst && dataset.validation.count > 0) {
    const row: MetricsRow = { step, seconds };
    await validate(row);
    await recorder.metrics(row);
    report('training', row);
  }

  let ending: Ending | undefined;
  while (!ending) {
    if (signal?.aborted) ending = { status: 'stopped', message: `Stopped at step ${step}.` };
    else if (step >= training.steps)
      ending = { status: 'finished', message: `All ${training.steps} steps are done.` };
    else if (step >= total) ending = { status: 'stopped', message: `Stopped at step ${step}, as asked.` };
    else if (seconds >= maxSeconds)
      ending = { status: 'finished', message: `Time is up after ${seconds.toFixed(0)} s of training.` };
    else {
      try {
        ending = await oneStep();
      } catch (error) {
        if (error instanceof UserError) await keep(error.message);
        throw error;
      }
      await turn();
    }
  }

  report('saving');
  await finish(options, ending, { moment: moment(), progress, trained: step > first });
  const best = progress.best;
  await writeStatus(paths, {
    status: ending.status,
    message: ending.message,
    step,
    seconds,
    ...(best ? { best } : {}),
  });
  report('done');
  options.log(ending.message);
  return {
    run: paths.folder,
    ...ending,
    step,
    seconds,
    bestCheckpoint: best ? paths.best : paths.last,
    ...(best ? { best } : {}),
  };
}

/** Leaves the last checkpoint, a final validation when none was made yet, and a picture. */
async function finish(
  { trainer, recorder, dataset, config }: LoopOptions,
  ending: Ending,
  {
    moment,
    progress,
    trained,
  }: {
    moment: { step: number; seconds: number; metrics?: MetricsRow };
    progress: RunProgress;
    trained: boolean;
  },
): Promise<void> {
  // After a step that was not finite the moments have moved, so what to resume from stays as it was saved before.
  if (ending.status === 'failed') return;
  if (!trained && progress.best) return;
  if (!progress.best && dataset.validation.count > 0 && moment.step > 0) {
    const { nats } = await trainer.evaluate(dataset.validation);
    const bitsPerDim = trainer.bitsPerDim(nats);
    progress.best = { step: moment.step, nats, ...(bitsPerDim === undefined ? {} : { bitsPerDim }) };
    const metrics: MetricsRow = {
      ...moment.metrics,
      step: moment.step,
      seconds: moment.seconds,
      validationNats: nats,
    };
    if (bitsPerDim !== undefined) metrics.validationBitsPerDim = bitsPerDim;
    await recorder.best({ ...moment, metrics });
  }
  await recorder.last(moment, progress);
  if (moment.step % config.training.sampleEvery !== 0) await recorder.samples(moment.step);
}
