/** What PyTorch needs for training a run, in its folder `torch`: the flow, its weights, the data, and what to do with them. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sizeOf } from '../../../base/shape';
import { UserError } from '../../../base/user-error';
import { checkpointMetadata, type RunHeader } from '../../../checkpoint/checkpoint';
import { writeSafetensors } from '../../../checkpoint/safetensors';
import type { RunConfig } from '../../../config/schema';
import { blocks } from '../../../data/blocks';
import { splitContext } from '../../../data/context';
import type { Dataset, Split } from '../../../data/dataset';
import { npyHead } from '../../../data/npy';
import { writeAtomically, writeError } from '../../../files/atomic';
import { makeFolder } from '../../../files/make-folder';
import { quantizationNats } from '../../../flow/real-nvp';
import type { FlowParts } from '../../model/flow-graphs';
import type { TensorTable } from '../initialize';
import { pictureSamples } from '../record';
import { trainingVectors } from '../step-graph';
import type { TrainingModule } from './training-module';

export interface Preparation extends FlowParts {
  config: RunConfig;
  dataset: Dataset;
  module: TrainingModule;
  /** Parameters and running statistics, whichever: the state to go on from lies beside. */
  weights: TensorTable;
  header: RunHeader;
  maxSteps?: number | undefined;
  maxSeconds?: number | undefined;
  validateFirst: boolean;
}

/** Rows that are read and written at once. */
const rowsAtOnce = 1024;

/** @throws UserError for data that PyTorch cannot be given as arrays, before anything is written */
export function checkPrepared({ data }: RunConfig): void {
  if (data.crop === 'random') {
    throw new UserError(
      'data.crop is "random", which PyTorch trainings do not have yet: their images are arrays that are cropped before. Use "center", ' +
        'or train without --launcher.',
    );
  }
}

export async function prepareTorch(run: string, preparation: Preparation): Promise<void> {
  const folder = path.join(run, 'torch');
  const { dataset, module, flow, weights } = preparation;
  try {
    await makeFolder(folder);
    // Until all is written there is no plan to follow.
    await rm(path.join(folder, 'plan.json'), { force: true });
    await writeAtomically(path.join(folder, 'flow.py'), module.text);
    const stored = [...flow.parameters, ...flow.state].map(({ name }) => [name, weights[name]!] as const);
    await writeSafetensors(path.join(folder, 'weights.safetensors'), {
      ...Object.fromEntries(stored),
      ...module.constants,
    });
    for (const name of ['train', 'validation'] as const) {
      if (dataset[name].count > 0) await writeSplit(path.join(folder, name), dataset[name], dataset);
    }
    await writeAtomically(
      path.join(folder, 'plan.json'),
      `${JSON.stringify(planOf(preparation), null, 1)}\n`,
    );
  } catch (error) {
    throw writeError(folder, error);
  }
}

async function writeSplit(file: string, split: Split, dataset: Dataset): Promise<void> {
  const { context } = splitContext(await split.read([0]), dataset);
  await writeAtomically(`${file}.npy`, rowsOf(split, dataset, 'features'));
  if (context) await writeAtomically(`${file}.context.npy`, rowsOf(split, dataset, 'context'));
}

/** An array of all examples, a block at a time: pixels as bytes where they fit. */
async function* rowsOf(
  split: Split,
  dataset: Dataset,
  part: 'features' | 'context',
): AsyncGenerator<Uint8Array> {
  const areBytes = part === 'features' && dataset.levels !== undefined && dataset.levels <= 256;
  let begun = false;
  for await (const { count, values } of blocks(split, rowsAtOnce)) {
    const rows = splitContext(values, dataset)[part]!;
    const data = areBytes ? Uint8Array.from(rows) : rows;
    const shape = part === 'features' ? dataset.shape : [rows.length / count];
    if (!begun) yield npyHead({ shape: [split.count, ...shape], data });
    begun = true;
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
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
    context: flow.context?.size ?? 0,
    contextShape: flow.context?.shape ?? [],
    quantization: quantizationNats(model, sizeOf(flow.inputShape)),
    parameters: shapesOf('parameters'),
    decayed: flow.parameters.reduce((sum, { shape, decay }) => sum + (decay ? sizeOf(shape) : 0), 0),
    statistics: shapesOf('statistics'),
    updates: module.updates,
    batch: Math.min(training.batch, dataset.train.count),
    train: dataset.train.count,
    validation: dataset.validation.count,
    totalSteps: Math.min(training.steps, rest.maxSteps ?? Infinity),
    maxSeconds: rest.maxSeconds ?? null,
    validateFirst: rest.validateFirst,
    samples: pictureSamples(model),
  };
}
