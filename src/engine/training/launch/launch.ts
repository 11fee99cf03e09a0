/** Trains a run outside of this process: everything is prepared here, and the training's reports are passed on. */
import { saveCheckpoint, type RunHeader, checkpointMetadata } from '../../../checkpoint/checkpoint';
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
import { buildFlow, buildPreprocess, quantizationNats } from '../../../flow/flow';
import { isReverse } from '../../../config/check-target';
import { functionTarget, isPython } from '../../../config/targets';
import { isMatched } from '../../../flow/matching';
import type { TrainRequest, TrainResult, Launch, TorchOptions } from '../../../protocol/engine';
import type { BackendInfo } from '../../../protocol/model';
import type { FlowParts } from '../../model/flow-graphs';
import { checkReverse } from '../against';
import type { TensorTable } from '../initialize';
import { packTensors, underStoredNames, unpackTensors } from '../packed';
import { writePicture, pictureSamples } from '../record';
import type { Start } from '../start';
import { evaluationVectors, trainingVectors } from '../step-graph';
import type { TrainOptions } from '../train-options';
import { startingState } from '../trainer';
import { checkShares, launchers } from './launchers';
import { findPython } from './python';
import { relay } from './relay';
import { trainingModule, type TrainingModule } from './training-module';
import { chmod, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { writeSafetensors } from '../../../checkpoint/tensors/safetensors';
import type { StoredConfig } from '../../../config/schema';
import { integersOf } from '../../../config/standardization';
import type { Dataset } from '../../../data/dataset';
import { writeArrays } from '../../../data/write-arrays';
import { writeAtomically, writeError, makeFolder } from '../../../files/atomic';

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
  // What no Python can train is said before one is looked for.
  checkPrepared(config);
  checkShares(launch, batchOf(config, dataset));
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
  const reverse = isReverse(config.training);
  if (reverse) checkReverse(flow);
  const parts = { flow, preprocess: buildPreprocess(config.model, flow, header.standardize) };
  const module = trainingModule(parts, reverse);
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

interface Preparation extends FlowParts {
  config: StoredConfig;
  dataset: Dataset;
  module: TrainingModule;
  /** Any parameters and running statistics: the state to go on from is in a file next to it. */
  weights: TensorTable;
  header: RunHeader;
  maxSteps?: number | undefined;
  maxSeconds?: number | undefined;
  validateFirst: boolean;
  torch: TorchOptions;
}

/** @throws UserError for what PyTorch trainings do not do, before anything is written */
function checkPrepared({ data, training }: StoredConfig): void {
  const { target } = training;
  if (target && !isPython(target))
    throw new UserError(
      `training.target is "${target}": PyTorch trains on Python. Train without --launcher.`,
    );
  const [, file] = functionTarget.exec(target ?? '') ?? [];
  if (file && !existsSync(file)) throw new UserError(`${file}: there is no such file.`);
  if (training.precision)
    throw new UserError(
      `training.precision is "${training.precision}": PyTorch trainings go by --precision, float32 or bfloat16. Leave it out.`,
    );
  if (training.pairs !== 'random')
    throw new UserError(
      `training.pairs is "${training.pairs}": PyTorch trainings pair examples with noise at random. Use "random", or train without --launcher.`,
    );
  const { crop, cropSize, size } = data ?? {};
  if (crop !== 'random' || size === undefined || size === cropSize) return;
  throw new UserError(
    `data.crop is "random" and data.size is ${size}: PyTorch trainings crop, but do not scale what they have cropped. ` +
      'Leave data.size out and use data.resize and data.cropSize, or train without --launcher.',
  );
}

async function prepareTorch(run: string, preparation: Preparation): Promise<void> {
  const folder = path.join(run, 'torch');
  const { dataset, module, flow, weights } = preparation;
  try {
    await makeFolder(folder);
    // What is in it is run. Whatever the user's mask is, no other user may change it.
    await chmod(folder, 0o700);
    // Until all is written there is no plan to follow.
    await rm(path.join(folder, 'plan.json'), { force: true });
    await writeAtomically(path.join(folder, 'flow.py'), module.text);
    await chmod(path.join(folder, 'flow.py'), 0o600);
    const stored = [...flow.parameters, ...flow.state].map(({ name }) => [name, weights[name]!] as const);
    await writeSafetensors(path.join(folder, 'weights.safetensors'), {
      ...Object.fromEntries(stored),
      ...module.constants,
    });
    await writeArrays(folder, dataset);
    await writeAtomically(
      path.join(folder, 'plan.json'),
      `${JSON.stringify(planOf(preparation), null, 1)}\n`,
    );
  } catch (error) {
    throw writeError(folder, error);
  }
}

/** Examples or draws of a step. */
const batchOf = ({ data, training }: StoredConfig, { train }: Dataset): number =>
  data ? Math.min(training.batch, train.count) : training.batch;

/** As python/flowscope/training/plan.py reads it. */
function planOf({ config, dataset, flow, module, header, ...rest }: Preparation): object {
  const { model, training } = config;
  const isImage = model.kind === 'image';
  const vectors = trainingVectors(flow, training);
  const shapesOf = (vectorName: string): Record<string, readonly number[]> =>
    Object.fromEntries(
      (vectors.find(({ name }) => name === vectorName)?.members ?? []).map(({ stored, shape }) => [
        stored,
        shape,
      ]),
    );
  return {
    version: 1,
    training,
    metadata: checkpointMetadata(header),
    shape: dataset.shape,
    noiseShape: flow.base.noiseShape,
    pad: isImage ? model.pad : 0,
    levels: isImage ? model.levels : 0,
    integers: integersOf(header.standardize ?? {}) ?? [],
    context: flow.context?.size ?? 0,
    contextShape: flow.context?.shape ?? [],
    matches: isMatched(flow),
    quantization: quantizationNats(model, sizeOf(flow.inputShape)),
    parameters: shapesOf('parameters'),
    decayed: flow.parameters.reduce((sum, { shape, decay }) => sum + (decay ? sizeOf(shape) : 0), 0),
    statistics: shapesOf('statistics'),
    updates: module.updates,
    batch: batchOf(config, dataset),
    train: dataset.train.count,
    cropsAtRandom: dataset.train.whole !== undefined,
    validation: dataset.validation.count,
    totalSteps: Math.min(training.steps, rest.maxSteps ?? Infinity),
    maxSeconds: rest.maxSeconds ?? null,
    validateFirst: rest.validateFirst,
    compile: rest.torch.compile ?? false,
    precision: rest.torch.precision ?? 'float32',
    samples: pictureSamples(model),
  };
}
