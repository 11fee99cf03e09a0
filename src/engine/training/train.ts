/** Trains a run from request to result: data, config, run folder, and the loop. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describeData } from '../../checkpoint/checkpoint';
import { loadResume } from '../../checkpoint/resume';
import {
  createRun,
  dropAfter,
  openRun,
  runPaths,
  truncateMetrics,
  writeStatus,
} from '../../checkpoint/run-folder';
import { parseJsonText } from '../../config/json-text';
import type { RunConfig } from '../../config/schema';
import { UserError } from '../../config/user-error';
import type { Dataset } from '../../data/dataset';
import { openDataset } from '../../data/open';
import { prepareRun } from '../../data/prepare';
import { fitStandardization } from '../../data/standardize';
import { readError } from '../../files/read';
import type { TrainProgress, TrainRequest, TrainResult } from '../../protocol/engine';
import type { Backend } from '../backends/backend';
import type { TensorTable } from './initialize';
import { trainingLoop } from './loop';
import { createRecorder, type RunProgress } from './record';
import { createTrainer } from './trainer';

export interface TrainOptions {
  backend: Backend;
  onProgress?: (progress: TrainProgress) => void;
  log?: (line: string) => void;
  /** Aborting saves a checkpoint and ends with status "stopped". */
  signal?: AbortSignal;
}

interface Start {
  config: RunConfig;
  dataset: Dataset;
  from?: { step: number; seconds: number; progress: RunProgress; tensors: TensorTable };
}

/** Paths in a config file are relative to that file, paths on a command line to the current folder. */
async function readConfigFile(file: string | undefined): Promise<{ config?: unknown; baseFolder: string }> {
  if (!file) return { baseFolder: process.cwd() };
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw readError(file, error);
  });
  return { config: parseJsonText(text, file), baseFolder: path.dirname(path.resolve(file)) };
}

async function startNew(request: TrainRequest): Promise<Start> {
  const { config: file, data, preset, seed } = request;
  const { config, baseFolder } = await readConfigFile(file);
  return prepareRun(
    {
      ...(data
        ? {
            data: data.includes('/') || data.includes('\\') || path.extname(data) ? path.resolve(data) : data,
          }
        : {}),
      ...(preset ? { preset } : {}),
      ...(config === undefined ? {} : { config }),
      ...(file ? { fileName: file } : {}),
      ...(seed === undefined ? {} : { training: { seed } }),
    },
    baseFolder,
  );
}

async function startAgain(request: TrainRequest): Promise<Start> {
  const { paths, config } = await openRun(request.output);
  const { step, seconds, progress, tensors } = await loadResume(paths.resume);
  const dataset = await openDataset(config.data, paths.folder);
  try {
    await truncateMetrics(paths, step);
    await dropAfter(paths, step);
  } catch (error) {
    await dataset.close();
    throw error;
  }
  return {
    config,
    dataset,
    from: { step, seconds, progress: progress as unknown as RunProgress, tensors: tensors as TensorTable },
  };
}

/**
 * Trains until the steps are done, time is up, validation no longer improves, the loss is not finite, or `signal`
 * aborts. The run folder then holds the best and the last checkpoint and what a resume needs.
 *
 * @throws UserError when data, config or folder are wrong, or the backend cannot train; nothing is trained then.
 */
export async function train(request: TrainRequest, options: TrainOptions): Promise<TrainResult> {
  const { backend } = options;
  options.onProgress?.({ phase: 'preparing', step: 0, totalSteps: 0, fraction: 0, backend: backend.info });
  const start = request.resume ? await startAgain(request) : await startNew(request);
  try {
    return await trainOn(start, request, options);
  } finally {
    await start.dataset.close();
  }
}

async function trainOn(
  { config, dataset, from }: Start,
  request: TrainRequest,
  options: TrainOptions,
): Promise<TrainResult> {
  const { backend, signal } = options;
  if (dataset.train.count === 0) throw new UserError(`${dataset.name}: no examples are left to train on`);
  const standardization =
    config.model.kind === 'vector' && config.data.standardize
      ? await fitStandardization(dataset.train, dataset.featureNames, signal)
      : undefined;
  const trainer = await createTrainer({
    config,
    dataset,
    backend,
    ...(standardization ? { standardization } : {}),
    ...(from ? { state: from.tensors } : {}),
  });
  try {
    const paths = request.resume ? runPaths(request.output) : await createRun(request.output, config);
    const recorder = createRecorder({
      paths,
      config,
      trainer,
      header: {
        config,
        data: describeData(dataset),
        ...(standardization ? { standardize: { ...standardization, names: dataset.featureNames } } : {}),
      },
    });
    await writeStatus(paths, { status: 'running', step: from?.step ?? 0, seconds: from?.seconds ?? 0 });
    return await trainingLoop({
      trainer,
      recorder,
      config,
      dataset,
      paths,
      backend: backend.info,
      start: from,
      ...(request.maxSteps === undefined ? {} : { maxSteps: request.maxSteps }),
      maxSeconds: request.maxSeconds ?? config.training.maxSeconds,
      ...(signal ? { signal } : {}),
      onProgress: options.onProgress ?? (() => undefined),
      log: options.log ?? (() => undefined),
    });
  } finally {
    await trainer.dispose();
  }
}
