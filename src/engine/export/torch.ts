/** Writes a flow as a PyTorch module that needs nothing but PyTorch. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../../checkpoint/tensors/safetensors';
import { writeAtomically } from '../../files/atomic';
import { modelName } from '../../files/model-name';
import { writeTogether } from '../../files/write-together';
import type { TorchExport } from '../../protocol/engine';
import type { Model } from '../model/model';
import { runnableFlow } from './onnx';
import { contextLine, printFlow } from './torch-graphs';

const moduleName = 'flow.py';
const weightsName = 'weights.safetensors';

/**
 * Writes flow.py and weights.safetensors, replacing files of these names. The module loads other weights only by name.
 *
 * @param output a folder, made where it does not exist
 * @throws UserError when the model cannot be run or printed, or the place cannot be written; older files are then as they were
 */
export async function exportTorch(model: Model, output: string): Promise<TorchExport> {
  const flow = await runnableFlow(model);
  const printed = printFlow({ ...flow, title: titleOf(model) });
  const folder = path.resolve(output);
  await writeTogether(folder, async (place) => {
    const weights = { ...flow.tensors, ...printed.constants };
    const hash = createHash('sha256');
    await writeSafetensors(path.join(place, weightsName), weights, {}, hash);
    await writeAtomically(path.join(place, moduleName), printed.text(hash.digest('hex')));
    return [weightsName, moduleName];
  });
  const files = await Promise.all(
    [moduleName, weightsName].map(async (name) => {
      const file = path.join(folder, name);
      return { path: file, bytes: (await stat(file)).size };
    }),
  );
  const context = contextLine(flow);
  const sampleCall = context === undefined ? '' : '; x = flow.sample(context)';
  return {
    files,
    example: `from flow import Flow; flow = Flow.load()${sampleCall}`,
    ...(context === undefined ? {} : { context }),
  };
}

function titleOf(model: Model): string {
  const checkpoint = modelName(model.file);
  return model.run ? `The flow ${path.basename(model.run)}, ${checkpoint}` : `The flow ${checkpoint}`;
}
