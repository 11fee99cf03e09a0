/** Trains a run from request to result: data, config, run folder, and the loop. */
import path from 'node:path';
import { describeData, type RunHeader } from '../../checkpoint/checkpoint';
import { forgetControl } from '../../checkpoint/control';
import { loadResume } from '../../checkpoint/resume';
import {
  claimRun,
  createRun,
  dropAfter,
  runPaths,
  truncateMetrics,
  writeConfig,
  writeStatus,
  type ClaimedRun,
  type RunPaths,
} from '../../checkpoint/run-folder';
import { defined } from '../../base/defined';
import { shortTime } from '../../base/short-time';
import { UserError, several } from '../../base/user-error';
import { formatBytes } from '../../native/ladder';
import { prepareRun } from '../../data/open/prepare';
import type { TrainRequest, TrainResult } from '../../protocol/engine';
import { launchTraining, prepareLaunch } from './launch/launch';
import { trainingLoop } from './loop';
import { createRecorder } from './record';
import { weighedDraws } from './against';
import { standardizationFor, startOf, type Start } from './start';
import type { TrainOptions } from './train-options';
import { createTrainer, type Trainer } from './trainer';
import type { StoredConfig } from '../../config/schema';
import type { Dataset } from '../../data/dataset';
import { damagedImages } from '../../data/damaged';
import type { BackendInfo } from '../../protocol/model';
import { CancelledError } from '../../protocol/wire';
import type { Backend } from '../backends/backend';
import { GpuLostError } from '../backends/webgpu';
import { isPython, isTargetName } from '../../config/targets';
import { loadDensity } from '../model/densities';
import { leastOf } from './estimate';

/**
 * Trains until the steps are done, time is up, validation no longer improves, the loss is not finite, or `signal`
 * aborts. The run folder then holds the best and the last checkpoint and what a resume needs. Where a GPU is lost and comes
 * back, it goes on from the last checkpoint.
 *
 * @throws UserError when data, config or folder are wrong, another process trains the run, or the backend cannot train;
 *   nothing is trained or changed then
 * @throws GpuLostError when a GPU was lost and does not come back, or before anything was saved
 */
export async function train(request: TrainRequest, options: TrainOptions): Promise<TrainResult> {
  const run = async (current: TrainRequest, savedBefore?: number): Promise<TrainResult> => {
    try {
      return await withStart(current, options, (start, claimed) => trainOn(start, claimed, current, options));
    } catch (error) {
      if (!(error instanceof GpuLostError)) throw error;
      const saved = await savedStep(request.output);
      // A GPU that is lost again before the next checkpoint would be lost forever.
      if (saved === undefined || saved === savedBefore || !(await error.isBack())) throw error;
      options.onNote?.(`${error.message} It is back: the training goes on from step ${saved}.`);
      return run(goingOn(request), saved);
    }
  };
  return run(request);
}

/** What resumes a training that ended early. */
export function goingOn({ output, maxSteps, maxSeconds, namedTarget }: TrainRequest): TrainRequest {
  return { output, resume: true, ...defined({ maxSteps, maxSeconds, namedTarget }) };
}

/** The step that a resume of the run goes on from, where anything is saved. */
const savedStep = (folder: string): Promise<number | undefined> =>
  loadResume(runPaths(folder).resume).then(
    ({ step }) => step,
    () => undefined,
  );

/** Leaves a run that `python -m flowscope.train` can train, here or elsewhere. @throws UserError as `train` */
export async function prepareTraining(request: TrainRequest, options: TrainOptions): Promise<RunPaths> {
  return withStart(request, options, async (start, claimed) =>
    prepareLaunch({ start, claimed, request, header: await headerOf(start, options) }, options),
  );
}

async function withStart<T>(
  request: TrainRequest,
  options: TrainOptions,
  work: (start: Start, claimed: ClaimedRun | undefined) => Promise<T>,
): Promise<T> {
  const { backend } = options;
  options.onProgress?.({ phase: 'preparing', step: 0, totalSteps: 0, fraction: 0, backend: backend.info });
  // Before anything of the run is read: what another process still changes would be old at once.
  const claimed = request.resume ? await claimRun(request.output, request.takeOver) : undefined;
  try {
    const start = await startOf(request, options.signal ? { signal: options.signal } : {});
    if (start.origin) options.onOrigin?.(start.origin);
    try {
      checkNamed(start.config.training.target, request.namedTarget);
      return await work(start, claimed);
    } finally {
      await start.dataset.close();
    }
  } finally {
    await claimed?.lock.release();
  }
}

/** What each checkpoint says of itself. */
async function headerOf(
  { config, dataset, resumed, standardization }: Start,
  { signal, onNote }: TrainOptions,
): Promise<RunHeader> {
  if (config.data && dataset.train.count === 0)
    throw new UserError(`${dataset.name}: no examples are left to train on`);
  if (!resumed) for (const note of firstNotes(config, dataset)) onNote?.(note);
  const { featureNames: names, contextNames } = dataset;
  const standardize = await standardizationFor({ config, dataset, standardization }, signal);
  return {
    config,
    ...(config.data ? { data: describeData(dataset) } : {}),
    ...(standardize ? { standardize: { ...standardize, names, contextNames } } : {}),
  };
}

/** Code in a file is run only where a user named it. @throws UserError, also for another target than was named */
function checkNamed(target = 'data', named = isTargetName(target) ? target : 'data'): void {
  if (path.resolve(named) === path.resolve(target)) return;
  const what = target === 'data' ? 'leave --target out' : `name it in a terminal, with --target ${target}`;
  throw new UserError(`The training is on ${target}: ${what}.`);
}

function loadTarget(target: string | undefined): void {
  if (!target || isTargetName(target)) return;
  if (isPython(target))
    throw new UserError(`PyTorch alone trains on a function of Python, ${target}. Use --launcher torch.`);
  loadDensity(target);
}

async function trainOn(
  start: Start,
  claimed: ClaimedRun | undefined,
  request: TrainRequest,
  options: TrainOptions,
): Promise<TrainResult> {
  const { config, dataset, resumed, rates, weights } = start;
  const { signal } = options;
  const header = await headerOf(start, options);
  const { launch } = request;
  if (launch) return launchTraining({ launch, start, claimed, request, header }, options);
  loadTarget(config.training.target);
  const { trainer, backend } = await quickestTrainer(options, (on) =>
    createTrainer({
      config,
      dataset,
      backend: on,
      standardization: header.standardize,
      ...(resumed ? { state: resumed.tensors } : {}),
      weights,
    }),
  );
  const { bytes } = trainer;
  if (bytes !== undefined) options.onNote?.(`A step takes ${formatBytes(bytes)} of the GPU’s memory.`);
  let run = claimed;
  try {
    run ??= await createRun(request.output, config);
    const { paths, lock } = run;
    if (resumed) {
      await truncateMetrics(paths, resumed.step);
      await dropAfter(paths, resumed.step);
      if (request.moreSteps !== undefined) await writeConfig(paths, config);
    }
    const recorder = createRecorder({ paths, lock, config, trainer, header });
    await forgetControl(paths.folder);
    await writeStatus(paths, { status: 'running', step: resumed?.step ?? 0, seconds: resumed?.seconds ?? 0 });
    return await trainingLoop({
      trainer,
      recorder,
      config,
      dataset,
      paths,
      lock,
      backend,
      start: resumed,
      rates,
      validateFirst: weights !== undefined,
      ...(request.maxSteps === undefined ? {} : { maxSteps: request.maxSteps }),
      maxSeconds: request.maxSeconds ?? config.training.maxSeconds,
      signal,
      onProgress: options.onProgress ?? (() => undefined),
      log: options.log ?? (() => undefined),
    });
  } finally {
    await run?.lock.release();
    await trainer.dispose();
  }
}

/** The backend that would train a preset of built-in data; `reason` has the times of a step where two were timed. */
export async function backendFor(preset: string, backend: Backend): Promise<BackendInfo> {
  const { config, dataset } = await prepareRun(
    { preset, config: { data: { source: preset } } },
    process.cwd(),
  );
  try {
    const found = await quickestTrainer({ backend }, (on) => createTrainer({ config, dataset, backend: on }));
    await found.trainer.dispose();
    return { ...found.backend, reason: `preset ${preset}: ${found.backend.reason}` };
  } finally {
    await dataset.close();
  }
}

/** What the user is told of a run before its first step. */
export function firstNotes({ training, data }: StoredConfig, { name, train, provenance }: Dataset): string[] {
  const { steps, batch, patience, validateEvery } = training;
  const epochs = (steps * Math.min(batch, train.count)) / train.count;
  const passes = epochs < 10 ? epochs.toFixed(1) : Math.round(epochs).toLocaleString('en');
  const stopping =
    patience > 0
      ? `; ends early after ${several(patience, 'validation')} without a better one, one every ${several(validateEvery, 'step')}`
      : '';
  if (!data)
    return [
      `${name}: ${provenance.note}.`,
      `At most ${several(steps, 'step')} of ${several(batch, 'draw')} each; ${several(weighedDraws, 'draw')} are weighed every ${several(validateEvery, 'step')}.`,
    ];
  const { damaged = [] } = data;
  return [
    `${name}: ${provenance.note}.`,
    ...(damaged.length > 0 ? [`Left out ${damagedImages(damaged)}.`] : []),
    `At most ${several(steps, 'step')}: ${passes} passes over ${several(train.count, 'training example')}${stopping}.`,
  ];
}

/** A rival whose step takes this many times as long has lost, whatever the next steps take. */
const lost = 3;

/** The trainer on the backend where a step of this very model takes less time; where two were timed, the reason gives both times. */
async function quickestTrainer(
  { backend, signal, log }: Pick<TrainOptions, 'backend' | 'signal' | 'log'>,
  trainerOn: (backend: Backend) => Promise<Trainer>,
): Promise<{ trainer: Trainer; backend: BackendInfo }> {
  const trainer = await trainerOn(backend);
  const found = await backend.rival?.();
  if (!found) return { trainer, backend: backend.info };
  if ('slow' in found) return { trainer, backend: { ...backend.info, reason: found.slow } };
  const { backend: rival } = found;
  const seconds = await leastOf(trainer, signal).catch(async (error: unknown) => {
    await trainer.dispose();
    throw error;
  });
  let other: Trainer | undefined;
  try {
    other = await trainerOn(rival);
    const others = await leastOf(other, signal, lost * seconds);
    const reason = `a step of this model takes ${shortTime(seconds)} on ${backend.info.library}, ${shortTime(others)} on ${rival.info.library}`;
    if (others < seconds) {
      await trainer.dispose();
      await other.restart();
      return { trainer: other, backend: { ...rival.info, reason } };
    }
    await other.dispose();
    await trainer.restart();
    return { trainer, backend: { ...backend.info, reason } };
  } catch (error) {
    await other?.dispose();
    if (error instanceof CancelledError) {
      await trainer.dispose();
      throw error;
    }
    log?.(`${rival.info.library} cannot train this model: ${(error as Error).message}`);
    await trainer.restart();
    return { trainer, backend: backend.info };
  }
}
