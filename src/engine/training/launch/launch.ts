/** Trains a run outside of this process: everything is prepared here, and the training's reports are passed on. */
import { saveCheckpoint, type RunHeader } from '../../../checkpoint/checkpoint';
import { forgetControl } from '../../../checkpoint/control';
import { saveResume } from '../../../checkpoint/resume';
import {
  createRun,
  runPaths,
  writeConfig,
  type ClaimedRun,
  type RunPaths,
} from '../../../checkpoint/run-folder';
import { readNpy, toFloat32 } from '../../../data/npy';
import { buildFlow, buildPreprocess } from '../../../flow/flow';
import type { TrainRequest, TrainResult } from '../../../protocol/engine';
import type { Launch } from '../../../protocol/launch';
import type { BackendInfo } from '../../../protocol/model';
import type { FlowParts } from '../../model/flow-graphs';
import type { TensorTable } from '../initialize';
import { packTensors, underStoredNames, unpackTensors } from '../packed';
import { writePicture } from '../record';
import type { Start } from '../start';
import { evaluationVectors } from '../step-graph';
import type { TrainOptions } from '../train-options';
import { startingState } from '../trainer';
import { checkShares, launchers } from './launchers';
import { checkPrepared, prepareTorch } from './prepare';
import { findPython } from './python';
import { relay } from './relay';
import { trainingModule, type TrainingModule } from './training-module';

export interface Launching {
  launch: Launch;
  start: Start;
  claimed: ClaimedRun | undefined;
  request: TrainRequest;
  header: RunHeader;
}

/** @throws UserError when Python or PyTorch is missing, or the run cannot be trained with it; nothing is written then */
export async function launchTraining(launching: Launching, options: TrainOptions): Promise<TrainResult> {
  const { launch, start } = launching;
  const { config, dataset } = start;
  checkShares(launch, Math.min(config.training.batch, dataset.train.count));
  const launcher = launchers[launch.name];
  const python = await findPython();
  const library = launcher.library(python);
  const { folder, best, last } = await prepareLaunch(launching, options);
  const processes = launcher.processes(launch);
  const backend: BackendInfo = {
    name: 'pytorch',
    library,
    threads: processes * (launch.threads ?? 1),
    reason: `launcher ${launch.name}, ${processes} ${processes === 1 ? 'process' : 'processes'}`,
  };
  const log = options.log ?? (() => undefined);
  const ending = await relay(python.command, [...launcher.module(launch), folder, '--until-closed'], {
    threads: launch.threads,
    signal: options.signal,
    onProgress: (progress) => options.onProgress?.({ ...progress, backend }),
    async onSamples(file, step) {
      await readNpy(file)
        .then((samples) => writePicture(toFloat32(samples), config.model, runPaths(folder).sample(step)))
        .catch((error: unknown) => {
          log(`The picture of samples at step ${step} was left out: ${String(error)}`);
        });
    },
    log,
  });
  return { run: folder, ...ending, bestCheckpoint: ending.best ? best : last };
}

/** Leaves the run so that `python -m flowscope.train` can train it, here or elsewhere. @throws UserError as `launchTraining` */
export async function prepareLaunch(
  launching: Omit<Launching, 'launch'>,
  { backend }: Pick<TrainOptions, 'backend'>,
): Promise<RunPaths> {
  const { start, claimed, request, header } = launching;
  const { config, dataset, resumed, weights } = start;
  checkPrepared(config);
  const flow = buildFlow(config.model);
  const parts = { flow, preprocess: buildPreprocess(config.model, flow, header.standardize) };
  const module = trainingModule(parts);
  const state = resumed?.tensors ?? (await startingState({ config, dataset, backend, weights }, parts));
  const run = claimed ?? (await createRun(request.output, config));
  try {
    await write(run.paths, { ...parts, module, state }, launching);
  } finally {
    // Whoever trains takes it.
    await run.lock.release();
  }
  return run.paths;
}

async function write(
  paths: RunPaths,
  { state, ...prepared }: FlowParts & { module: TrainingModule; state: TensorTable },
  { start, request, header }: Omit<Launching, 'launch'>,
): Promise<void> {
  const { config, dataset, resumed } = start;
  const { flow } = prepared;
  const { step, seconds, progress } = resumed ?? { step: 0, seconds: 0, progress: { withoutBetter: 0 } };
  const used = evaluationVectors(flow, config.training);
  const tensors = unpackTensors(underStoredNames(used), packTensors(used, state));
  if (!resumed) await saveCheckpoint(paths.last, { ...header, step, seconds, tensors });
  if (request.moreSteps !== undefined) await writeConfig(paths, config);
  await saveResume(paths.resume, { step, seconds, progress, tensors: state });
  await forgetControl(paths.folder);
  await prepareTorch(paths.folder, {
    ...prepared,
    ...{ config, dataset, header },
    weights: tensors,
    maxSteps: request.maxSteps,
    maxSeconds: request.maxSeconds ?? config.training.maxSeconds,
    validateFirst: start.weights !== undefined,
    torch: request.torch ?? {},
  });
}
