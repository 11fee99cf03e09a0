/** Writes a flow as a PyTorch module that needs nothing but PyTorch. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../../checkpoint/safetensors';
import { writeAtomically } from '../../files/atomic';
import { makeFolder } from '../../files/make-folder';
import { modelName } from '../../files/model-name';
import type { TorchExport } from '../../protocol/engine';
import type { Model } from '../model/model';
import { runnableFlow } from './runnable';
import { contextLine, printFlow } from './torch-graphs';

export const moduleName = 'flow.py';
export const weightsName = 'weights.safetensors';

/**
 * Writes flow.py and weights.safetensors, replacing files of these names.
 *
 * @param output a folder, made where it does not exist
 * @throws UserError when the model cannot be run or printed, or the place cannot be written
 */
export async function exportTorch(model: Model, output: string): Promise<TorchExport> {
  const flow = await runnableFlow(model);
  const { text, constants } = printFlow({ ...flow, title: titleOf(model) });
  const folder = path.resolve(output);
  await makeFolder(folder);
  const [code, weights] = [path.join(folder, moduleName), path.join(folder, weightsName)];
  try {
    await writeSafetensors(weights, { ...flow.tensors, ...constants });
    await writeAtomically(code, text);
  } catch (error) {
    // A module beside weights of another flow would be loaded without a word where their shapes are the same.
    await rm(code, { force: true }).catch(() => undefined);
    throw error;
  }
  const files = await Promise.all(
    [code, weights].map(async (file) => ({ path: file, bytes: (await stat(file)).size })),
  );
  const context = contextLine(flow);
  const given = context === undefined ? '' : '; x = flow.sample(context)';
  return {
    files,
    example: `from flow import Flow; flow = Flow.load()${given}`,
    ...(context === undefined ? {} : { context }),
  };
}

function titleOf(model: Model): string {
  const checkpoint = modelName(model.file);
  return model.run ? `The flow ${path.basename(model.run)}, ${checkpoint}` : `The flow ${checkpoint}`;
}
