/** Where a run starts: config, data, and the weights of a checkpoint or of an interrupted run. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { featureNamesOf, readCheckpointHeader, type Origin } from '../../checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../checkpoint/recognize/load';
import { readRates } from '../../checkpoint/control';
import { loadResume, type ResumeState } from '../../checkpoint/resume';
import { openRun } from '../../checkpoint/run-folder';
import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { largestJson } from '../../config/run-status';
import { isSolved } from '../../config/field-layer';
import { isTargetName } from '../../config/targets';
import { buildTargetConfig, type RunRequest } from '../../config/build';
import { parseJsonText } from '../../config/json-text';
import type { StoredConfig } from '../../config/schema';
import type { Standardization } from '../../config/standardization';
import { openDataset } from '../../data/open/open';
import { prepareRun } from '../../data/open/prepare';
import { standardizationOf } from '../../data/standardize';
import { readText } from '../../files/read';
import type { TrainRequest } from '../../protocol/engine';
import type { RateChange } from '../../protocol/run';
import { flowOf } from '../model/check-tensors';
import { targetDataset, targetStandardization, weighedDraws } from './against';
import type { TensorTable } from './initialize';
import { parseTrainedConfig } from '../../config/parse';
import type { TrainerOptions } from './trainer';

export interface Start extends Pick<TrainerOptions, 'config' | 'dataset' | 'weights'> {
  /** What the weights were trained with; without it, it is taken from the data. */
  standardization?: Standardization;
  /** An interrupted run that goes on. */
  resumed?: Omit<ResumeState, 'tensors'> & { tensors: TensorTable };
  /** Learning rates that the interrupted run was given, also at steps after the one it goes on from. */
  rates?: RateChange[];
  /** Where the checkpoint comes from that its weights are of, and what had to be assumed of it. */
  origin?: Origin;
}

/** @throws UserError when data, config, checkpoint or folder are wrong, or do not fit each other */
export async function startOf(request: TrainRequest, look: Look): Promise<Start> {
  return request.resume ? startAgain(request) : startFresh(request, look);
}

/** @throws UserError as `startOf`, without a look at the run folder */
export async function startFresh(request: FreshRequest, look: Look): Promise<FreshStart> {
  const start = await (request.from === undefined
    ? startNew(request, look)
    : startFrom(request, request.from, look));
  const { model, training } = start.config;
  const isAlone = model.kind === 'vector' && model.layers?.length === 1 && model.base.kind === 'normal';
  const problem =
    training.pairs === 'reflow' && !start.weights
      ? 'training.pairs is "reflow", which straightens the paths of a trained flow: name it by --from.'
      : isSolved(model) && !isAlone
        ? 'Flow matching trains one vector field with a standard normal base: this flow has more layers or another base. ' +
          'Leave them out, or train the flow with its library and open its checkpoint.'
        : undefined;
  if (!problem) return start;
  await start.dataset.close();
  throw new UserError(problem);
}

/** What the values are standardized by, taken from the data or the target where no weights bring it. */
export async function standardizationFor(
  { config, dataset, standardization }: Pick<Start, 'config' | 'dataset' | 'standardization'>,
  signal?: AbortSignal,
): Promise<Standardization | undefined> {
  const { data, model } = config;
  if (data) return standardizationOf({ ...config, data, model }, dataset, standardization, signal);
  return standardization ?? targetStandardization(config);
}

type Look = NonNullable<Parameters<typeof prepareRun>[2]>;

/** `counts`: examples to train on and held out, also where only some were opened. */
type FreshStart = Start & Pick<Awaited<ReturnType<typeof prepareRun>>, 'counts'>;

type FreshRequest = Omit<TrainRequest, 'output' | 'resume'>;

/** Paths in a config file are relative to that file, paths on a command line to the current folder. */
async function readConfigFile(file: string | undefined): Promise<{ config?: unknown; baseFolder: string }> {
  if (!file) return { baseFolder: process.cwd() };
  const text = await readText(file, largestJson);
  return { config: parseJsonText(text, file), baseFolder: path.dirname(path.resolve(file)) };
}

async function startNew(request: FreshRequest, look: Look, start?: RunRequest['start']): Promise<FreshStart> {
  const { config: file, data, preset, seed, context, reading, training, features } = request;
  const { config, baseFolder } = await readConfigFile(file);
  const isPath = data && (data.includes('/') || data.includes('\\') || path.extname(data));
  const source = context?.source ? path.resolve(context.source) : undefined;
  const run: RunRequest = defined({
    data: isPath ? path.resolve(data) : data || undefined,
    context: context && { ...context, ...defined({ source }) },
    reading,
    preset: preset || undefined,
    config,
    fileName: file || undefined,
    training: { ...training, ...defined({ seed }) },
    features,
    start,
  });
  const ofTarget = buildTargetConfig(run);
  const found: FreshStart = ofTarget
    ? { config: ofTarget, dataset: targetDataset(ofTarget), counts: { train: 0, validation: weighedDraws } }
    : await prepareRun(run, baseFolder, look);
  const { target } = found.config.training;
  if (!target || isTargetName(target)) return found;
  const placed = path.resolve(training?.target ? process.cwd() : baseFolder, target);
  return { ...found, config: { ...found.config, training: { ...found.config.training, target: placed } } };
}

async function startFrom(request: FreshRequest, from: string, look: Look): Promise<FreshStart> {
  const checkpoint = await loadAnyCheckpoint(from);
  const { config, standardize, tensors, origin } = checkpoint;
  flowOf(from, config.model, tensors);
  const featureNames = featureNamesOf(checkpoint);
  const start = await startNew(request, look, {
    file: from,
    model: config.model,
    standardized: standardize !== undefined,
    ...defined({ transforms: config.data?.transforms, data: config.data, featureNames }),
  });
  return { ...start, weights: tensors as TensorTable, ...defined({ standardization: standardize, origin }) };
}

/** Reads only: a resume that fails has changed nothing. */
async function startAgain(request: TrainRequest): Promise<Start> {
  const { paths, config } = await openRun(request.output);
  if (!existsSync(paths.resume)) {
    throw new UserError(
      `${request.output}: has no state to go on from: its training ended before the first checkpoint. Delete the folder and ` +
        'start it again.',
    );
  }
  const { step, seconds, progress, tensors } = await loadResume(paths.resume);
  // A run that started from a checkpoint has that one's, which its data would not give again.
  const standardization = existsSync(paths.last)
    ? (await readCheckpointHeader(paths.last)).standardize
    : undefined;
  const rates = await readRates(paths.folder);
  const { moreSteps } = request;
  const goesOn =
    moreSteps === undefined
      ? { config, progress }
      : withMoreSteps({ config, step, seconds, progress }, moreSteps, paths.config);
  const dataset = config.data ? await openDataset(config.data, paths.folder) : targetDataset(config);
  return {
    config: goesOn.config,
    dataset,
    ...(standardization ? { standardization } : {}),
    rates,
    resumed: { step, seconds, progress: goesOn.progress, tensors: tensors as TensorTable },
  };
}

interface Ended extends Omit<ResumeState, 'tensors'> {
  config: StoredConfig;
}

/**
 * Config and progress of a run that ends `more` steps after the one it has reached. The schedule of the learning rate spans all
 * its steps. A limit of time that is used up, and validations that brought nothing, would end it again at once, so they no longer count.
 *
 * @throws UserError for a number of steps that makes no sense
 */
function withMoreSteps(run: Ended, more: number, file: string): Pick<Ended, 'config' | 'progress'> {
  if (!Number.isSafeInteger(more) || more < 1)
    throw new UserError(`${more} more steps: expected a whole number from 1.`);
  const { maxSeconds, ...training } = run.config.training;
  const left = maxSeconds !== undefined && run.seconds < maxSeconds ? { maxSeconds } : {};
  const config = { ...run.config, training: { ...training, ...left, steps: run.step + more } };
  return { config: parseTrainedConfig(config, file), progress: { ...run.progress, withoutBetter: 0 } };
}
