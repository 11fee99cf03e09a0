/** The loop over steps: when to validate, save, report and stop. */
import { defined } from '../../base/defined';
import { messageOf } from '../../base/user-error';
import { type RunStatus, writeStatus } from '../../checkpoint/run-folder';
import type { Dataset } from '../../data/dataset';
import type { TrainPhase, TrainProgress, TrainResult } from '../../protocol/engine';
import type { MetricsRow, NotFinite, RateChange } from '../../protocol/run';
import type { BackendInfo } from '../../protocol/model';
import type { Recorder, RecorderOptions } from './record';
import type { RunProgress } from '../../checkpoint/resume';
import { createSteering } from './steering';
import { createWindow } from './window';

export interface LoopOptions extends Omit<RecorderOptions, 'header'> {
  recorder: Recorder;
  dataset: Dataset;
  backend: BackendInfo;
  /** Where an interrupted run goes on. */
  start?: { step: number; seconds: number; progress: RunProgress };
  /** Learning rates that this run was given before it was interrupted. */
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
  notFinite?: NotFinite;
}

/** Progress goes out at most this often, ms. */
const reportEvery = 200;

/** The loss is reported at least this often, ms, also between two lines of metrics. */
const showEvery = 5_000;

/** run.json says how far a run is at least this often, ms. */
const statusEvery = 20_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function trainingLoop(options: LoopOptions): Promise<TrainResult> {
  const { trainer, recorder, config, dataset, paths, lock, signal, start } = options;
  const { training } = config;
  const canValidate = dataset.validation.count > 0 || trainer.weigh !== undefined;
  const total = Math.min(training.steps, options.maxSteps ?? Infinity);
  const maxSeconds = options.maxSeconds ?? Infinity;
  const progress: RunProgress = start?.progress ?? { withoutBetter: 0 };
  const window = createWindow(trainer);
  const logEvery = Math.max(1, Math.round(training.validateEvery / 5));
  const first = start?.step ?? 0;
  let step = first;
  let seconds = start?.seconds ?? 0;
  /** Seconds at the end of the first step, which takes longer than any other: much is set up in it. */
  let firstDone = seconds;
  /** Seconds a step took of those sent last. */
  let perStep = Infinity;
  let latest: MetricsRow | undefined;
  let reported = 0;
  /** When the loss was last reported; never before the first step. */
  let shown = -Infinity;
  /** False where a resume would go wrong: after a step that was not finite, which moved the moments, and while several are under way. */
  let sound = true;
  const steering = createSteering(paths.folder, options.rates ?? [], options.log);
  let lastSaved = performance.now();
  const saveStatus = async (
    status: RunStatus['status'],
    why?: Pick<Ending, 'message' | 'notFinite'>,
  ): Promise<void> => {
    lastSaved = performance.now();
    await lock.check();
    await writeStatus(paths, {
      ...why,
      status,
      ...(status === 'running' || status === 'failed' ? moment() : { step, seconds }),
      ...defined({ best: progress.best, control: steering.answer }),
    });
  };

  const report = (phase: TrainPhase, metrics?: MetricsRow): void => {
    const now = performance.now();
    if (!metrics && phase === 'training' && now - reported < reportEvery) return;
    reported = now;
    if (metrics) shown = now;
    const bySteps = total > 0 ? step / total : 1;
    const byTime = seconds / maxSeconds;
    const fraction = Math.min(1, Math.max(bySteps, byTime));
    const mean = step > first + 1 ? (seconds - firstDone) / (step - first - 1) : undefined;
    const eta = mean === undefined ? undefined : Math.min((total - step) * mean, maxSeconds - seconds);
    options.onProgress({
      phase,
      step,
      totalSteps: total,
      fraction,
      ...defined({ etaSeconds: eta && Math.max(0, eta), metrics, best: progress.best }),
      backend: options.backend,
    });
  };
  const moment = () => ({ step, seconds, ...(latest ? { metrics: latest } : {}) });

  /** Puts a validation into a row of metrics. @returns whether it is the best so far */
  const measure = async (row: MetricsRow): Promise<boolean> => {
    const weighed = await trainer.weigh?.();
    Object.assign(row, weighed);
    // Held-out data go before draws, which cannot see what the flow misses. Without data it is as many nats as the second Rényi divergence.
    const hasData = dataset.validation.count > 0 || !weighed;
    const nats = hasData ? (await trainer.evaluate(dataset.validation)).nats : -Math.log(weighed.efficiency);
    const bitsPerDim = trainer.bitsPerDim(nats);
    if (hasData) row.validationNats = nats;
    if (bitsPerDim !== undefined) row.validationBitsPerDim = bitsPerDim;
    const isBetter = Number.isFinite(nats) && nats < (progress.best?.nats ?? Infinity);
    if (isBetter)
      progress.best = {
        step,
        nats,
        ...defined({ bitsPerDim, efficiency: hasData ? undefined : weighed.efficiency }),
      };
    return isBetter;
  };

  const validate = async (row: MetricsRow): Promise<void> => {
    report('validating');
    const isBetter = await measure(row);
    latest = row;
    progress.withoutBetter = isBetter ? 0 : progress.withoutBetter + 1;
    if (isBetter) await recorder.best(moment());
  };

  /** Leaves the last checkpoint, and a final validation when none was made yet. */
  const finish = async (): Promise<void> => {
    if (!progress.best && canValidate && step > 0) {
      const metrics: MetricsRow = { ...latest, step, seconds };
      if (await measure(metrics)) await recorder.best({ step, seconds, metrics });
    }
    await recorder.last(moment(), progress);
  };

  /** Steps to send at once: as many as fit before something is due, and as take no longer than a report. */
  const stepsAtOnce = (): number => {
    if (trainer.stepsAhead === 1 || step === first) return 1;
    const every = [training.validateEvery, logEvery, training.sampleEvery, training.checkpointEvery];
    const due = [...every.map((n) => n - (step % n)), ...steering.rates.map((rate) => rate.step - step)];
    const quick = Math.max(1, reportEvery / 1000 / perStep);
    return Math.floor(Math.min(trainer.stepsAhead, total - step, quick, ...due.filter((n) => n > 0)));
  };

  const someSteps = async (): Promise<Ending | undefined> => {
    const began = performance.now();
    const count = stepsAtOnce();
    sound = count === 1;
    const results = await trainer.steps(step + 1, count, steering.rates);
    sound = true;
    const took = (performance.now() - began) / 1000;
    seconds += took;
    perStep = took / results.length;
    const finite = results.filter((result) => result.finite);
    finite.forEach(window.add);
    step += finite.length;
    if (finite.length < results.length) {
      sound = false;
      const notFinite = { step: step + 1, ...(await trainer.diagnose(step + 1)) };
      const isSaved = first > 0 || progress.best || step >= training.checkpointEvery;
      const kept = isSaved ? ' The last good checkpoint is kept.' : '';
      return {
        status: 'failed',
        message: `Step ${notFinite.step} is not finite: ${notFinite.where}.${kept}`,
        notFinite,
      };
    }
    if (step === first + 1) firstDone = seconds;
    const validates = canValidate && (step % training.validateEvery === 0 || step === total);
    // A line where the learning rate changes, so that curves show the step of it.
    const changed = steering.rates.some((change) => change.step === step);
    if (validates || changed || step % logEvery === 0 || step === total) {
      const row = window.row(step, seconds);
      if (validates) await validate(row);
      await recorder.metrics(row);
      latest = { ...latest, ...row };
      report('training', row);
    } else {
      // The first lines of a slow training are minutes away; the loss is shown before.
      const now = performance.now();
      report('training', now - shown > showEvery ? window.soFar(step, seconds) : undefined);
    }
    if (step % training.sampleEvery === 0) await picture();
    if (step % training.checkpointEvery === 0) {
      report('saving');
      await recorder.periodic(moment());
      await recorder.last(moment(), progress);
      await saveStatus('running');
    }
    if (performance.now() - lastSaved > statusEvery) await saveStatus('running');
    if (training.patience > 0 && progress.withoutBetter >= training.patience) {
      return {
        status: 'finished',
        message: `Stopped early: ${progress.best?.efficiency === undefined ? 'the loss' : 'the share of draws that count'} has not improved for ${progress.withoutBetter} validations.`,
      };
    }
    return undefined;
  };

  /** A picture is not worth a training. */
  const picture = async (): Promise<void> => {
    await recorder.samples(step).catch((error: unknown) => {
      options.log(`The picture of samples at step ${step} was left out: ${messageOf(error)}`);
    });
  };

  /**
   * Data that cannot be read any more, a full disk or a bug end a run. The reason is saved first, since it needs less room;
   * what was learned is kept where it can be, so that the run can go on.
   */
  const keep = async (error: unknown): Promise<void> => {
    await saveStatus('failed', { message: messageOf(error) }).catch((problem: unknown) => {
      options.log(`${paths.status} does not say that the training failed: ${messageOf(problem)}`);
    });
    if (!sound) return;
    await recorder.last(moment(), progress).catch((problem: unknown) => {
      options.log(`What was learned since the last checkpoint is lost: ${messageOf(problem)}`);
    });
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
      } else if (performance.now() - lastSaved > statusEvery) {
        await saveStatus('paused');
        report('paused');
      }
    }
  };

  /** Why there is no next step; undefined while there is one. */
  const ended = (): Ending | undefined => {
    if (signal?.aborted || steering.wish() === 'stop')
      return { status: 'stopped', message: `Stopped at step ${step}.` };
    if (step >= training.steps)
      return { status: 'finished', message: `All ${training.steps.toLocaleString('en')} steps are done.` };
    if (step >= total) return { status: 'stopped', message: `Stopped at step ${step}, as asked.` };
    if (seconds >= maxSeconds)
      return { status: 'finished', message: `Time is up after ${seconds.toFixed(0)} s of training.` };
    return undefined;
  };

  const run = async (): Promise<Ending> => {
    if (options.validateFirst && canValidate) {
      const row: MetricsRow = { step, seconds };
      await validate(row);
      await recorder.metrics(row);
      report('training', row);
    }
    for (;;) {
      await obey();
      const ending = ended() ?? (await someSteps());
      if (ending) return ending;
      await turn();
    }
  };

  let ending: Ending;
  try {
    ending = await run();
    report('saving');
    const trained = step > first;
    if (ending.status !== 'failed' && (trained || !progress.best)) {
      await finish();
      if (step % training.sampleEvery !== 0) await picture();
    }
    await saveStatus(ending.status, ending);
  } catch (error) {
    await keep(error);
    throw error;
  }
  const best = progress.best;
  report('done');
  options.log(ending.message);
  return {
    run: paths.folder,
    status: ending.status,
    message: ending.message,
    step,
    seconds,
    bestCheckpoint: best ? paths.best : paths.last,
    ...(best ? { best } : {}),
  };
}
