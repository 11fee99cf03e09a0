/** The loop over steps: when to validate, save, report and stop. */
import type { RunPaths, RunStatus } from '../../checkpoint/run-folder';
import { writeStatus } from '../../checkpoint/run-folder';
import type { RunConfig } from '../../config/schema';
import { UserError } from '../../config/user-error';
import type { Dataset } from '../../data/dataset';
import type { TrainPhase, TrainProgress, TrainResult } from '../../protocol/engine';
import type { MetricsRow } from '../../protocol/inspect';
import type { BackendInfo } from '../../protocol/model';
import type { RateChange } from '../../protocol/run';
import type { Recorder, RunProgress } from './record';
import { createSteering } from './steering';
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
  /** Learning rates that this run was told before it was interrupted. */
  rates?: readonly RateChange[];
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

/** A run says that it is alive at least this often, ms, also while it is paused. */
const aliveEvery = 20_000;

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
  const steering = createSteering(paths.folder, options.rates ?? [], options.log);
  let alive = performance.now();
  const saveStatus = async (status: RunStatus['status'], message?: string): Promise<void> => {
    alive = performance.now();
    await writeStatus(paths, {
      status,
      ...(message === undefined ? {} : { message }),
      ...(status === 'running' || status === 'failed' ? moment() : { step, seconds }),
      ...(progress.best ? { best: progress.best } : {}),
      ...(steering.answer ? { control: steering.answer } : {}),
    });
  };

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
    const result = await trainer.step(step + 1, steering.rates);
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
    // A line where the learning rate changes, so that curves show the step of it.
    const changed = steering.rates.some((change) => change.step === step);
    if (validates || changed || step % logEvery === 0 || step === total) {
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
      await saveStatus('running');
    }
    if (performance.now() - alive > aliveEvery) await saveStatus('running');
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
    await saveStatus('failed', message);
  };

  /** Does what the run folder asks for. A pause keeps everything that a resume needs, should this process end. */
  const obey = async (): Promise<void> => {
    if (!(await steering.look(step))) return;
    if (steering.wish() !== 'pause') return saveStatus('running');
    report('saving');
    await recorder.last(moment(), progress);
    await saveStatus('paused');
    report('paused');
    while (steering.wish() === 'pause' && !signal?.aborted) {
      await steering.wait(signal);
      if (await steering.look(step)) {
        await saveStatus(steering.wish() === 'pause' ? 'paused' : 'running');
      } else if (performance.now() - alive > aliveEvery) {
        await saveStatus('paused');
        report('paused');
      }
    }
  };

  if (options.validateFirst && dataset.validation.count > 0) {
    const row: MetricsRow = { step, seconds };
    await validate(row);
    await recorder.metrics(row);
    report('training', row);
  }

  let ending: Ending | undefined;
  while (!ending) {
    await obey();
    if (signal?.aborted || steering.wish() === 'stop')
      ending = { status: 'stopped', message: `Stopped at step ${step}.` };
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
  await saveStatus(ending.status, ending.message);
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
