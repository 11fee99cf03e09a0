/** Writes a checkpoint of any library as a checkpoint of Flowscope, or as a state dict that another library loads. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Checkpoint, saveCheckpoint } from '../../checkpoint/checkpoint';
import { exportStateDict, saveStateDict } from '../../checkpoint/export-state-dict';
import { type ModelFile, withModelFile } from '../../checkpoint/model-file';
import { loadAnyCheckpoint, type ImportOptions } from '../../checkpoint/recognize/load';
import { UserError } from '../../base/user-error';
import { type ConvertReport, type ConvertTarget, convertTargets } from '../../protocol/engine';
import { CancelledError } from '../../protocol/wire';
import { flowOf } from './check-tensors';
import type { ChainLayer } from '../../checkpoint/import/vector-chain';
import type { ModelConfig } from '../../config/schema';
import { vectorLayers } from '../../flow/expand/vector-layers';

/**
 * Replaces `output` atomically.
 * @throws UserError when the file is not a checkpoint, is not complete, or the library cannot hold its flow
 */
export async function convertCheckpoint(
  source: string | ModelFile,
  to: ConvertTarget,
  output: string,
  options: ImportOptions & { signal?: AbortSignal } = {},
): Promise<ConvertReport> {
  const { signal, ...importing } = options;
  const target = path.resolve(output);
  const checkpoint = await withModelFile(source, (opened) => {
    if (target === opened.file)
      throw new UserError(`${target}: is the file that is converted; choose another name for the result.`);
    return completeCheckpoint(opened, importing);
  });
  if (signal?.aborted) throw new CancelledError();
  const { origin } = checkpoint;
  const notes = origin ? origin.assumptions.map((assumption) => `Taken as: ${assumption}`) : [];
  let { tensors }: { tensors: object } = checkpoint;
  if (to === 'flowscope') await saveCheckpoint(target, checkpoint);
  else {
    const dict = exportStateDict(checkpoint, to, chainOf(checkpoint.config.model));
    await saveStateDict(target, to, dict, checkpoint.standardize);
    ({ tensors } = dict);
    notes.push(...dict.notes, `Build the module that loads it with\n\n${dict.build}\n`);
  }
  return { path: target, bytes: (await stat(target)).size, tensors: Object.keys(tensors).length, notes };
}

/**
 * What the flow of a checkpoint can be written as, by writing each in memory.
 * @throws UserError when the file is not a checkpoint of a flow
 */
export async function targetsOf(source: string | ModelFile, signal?: AbortSignal): Promise<ConvertTarget[]> {
  const checkpoint = await withModelFile(source, (opened) => completeCheckpoint(opened));
  const chain = chainOf(checkpoint.config.model);
  return convertTargets.filter((to) => {
    if (signal?.aborted) throw new CancelledError();
    if (to === 'flowscope') return true;
    try {
      exportStateDict(checkpoint, to, chain);
      return true;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  });
}

async function completeCheckpoint(opened: ModelFile, options?: ImportOptions): Promise<Checkpoint> {
  const checkpoint = await loadAnyCheckpoint(opened, options);
  flowOf(opened.file, checkpoint.config.model, checkpoint.tensors);
  return checkpoint;
}

/** The layers of a vector flow, written out as a config can; none for images. */
export function chainOf(model: ModelConfig): readonly ChainLayer[] {
  return model.kind === 'image' ? [] : vectorLayers(model);
}
