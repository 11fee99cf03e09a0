/** What PyTorch needs for training a run, in its folder `torch`: the flow, its weights, the data, and what to do with them. */
import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { checkpointMetadata, type RunHeader } from '../../../checkpoint/checkpoint';
import { writeSafetensors } from '../../../checkpoint/tensors/safetensors';
import type { RunConfig } from '../../../config/schema';
import { integersOf } from '../../../config/standardization';
import type { Dataset } from '../../../data/dataset';
import { writeArrays } from '../../../data/write-arrays';
import { writeAtomically, writeError } from '../../../files/atomic';
import { makeFolder } from '../../../files/make-folder';
import { quantizationNats } from '../../../flow/flow';
import type { TorchOptions } from '../../../protocol/launch';
import type { FlowParts } from '../../model/flow-graphs';
import type { TensorTable } from '../initialize';
import { pictureSamples } from '../record';
import { trainingVectors } from '../step-graph';
import type { TrainingModule } from './training-module';

export interface Preparation extends FlowParts {
  config: RunConfig;
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

/** @throws UserError for data that PyTorch cannot be given as arrays, before anything is written */
export function checkPrepared({ data }: RunConfig): void {
  const { crop, cropSize, size } = data;
  if (crop !== 'random' || size === undefined || size === cropSize) return;
  throw new UserError(
    `data.crop is "random" and data.size is ${size}: PyTorch trainings crop, but do not scale what they have cropped. ` +
      'Leave data.size out and use data.resize and data.cropSize, or train without --launcher.',
  );
}

export async function prepareTorch(run: string, preparation: Preparation): Promise<void> {
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

/** As python/flowscope/training/plan.py reads it. */
function planOf({ config, dataset, flow, module, header, ...rest }: Preparation): object {
  const { model, training } = config;
  const isImage = model.kind === 'image';
  const vectors = trainingVectors(flow, training);
  const shapesOf = (wanted: string): Record<string, readonly number[]> =>
    Object.fromEntries(
      (vectors.find(({ name }) => name === wanted)?.members ?? []).map(({ stored, shape }) => [
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
    quantization: quantizationNats(model, sizeOf(flow.inputShape)),
    parameters: shapesOf('parameters'),
    decayed: flow.parameters.reduce((sum, { shape, decay }) => sum + (decay ? sizeOf(shape) : 0), 0),
    statistics: shapesOf('statistics'),
    updates: module.updates,
    batch: Math.min(training.batch, dataset.train.count),
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
