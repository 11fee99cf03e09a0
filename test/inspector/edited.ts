/** Copies of the five models with other values in their tensors: flows that are wrong in a way that is known. */
import { writeFileSync } from 'node:fs';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint';
import { exportStateDict, saveStateDict } from '../../src/checkpoint/export-state-dict';
import { loadAnyCheckpoint } from '../../src/checkpoint/recognize/load';
import { readSidecar } from '../../src/checkpoint/sidecar';
import { chainOf } from '../../src/engine/model/convert';
import { folder, type Model } from './models';

/**
 * What a library trained stays in its library's form, so that it is imported again.
 * @param edit given each tensor by the name that it has in our flow; changes its values in place
 */
export async function edited(
  model: Model,
  name: string,
  edit: (tensor: string, values: Float32Array) => void,
): Promise<Model> {
  const ours = model.steps.length > 0;
  const checkpoint = ours ? await loadAnyCheckpoint(model.file()) : await loadAnyCheckpoint(model.file());
  for (const [tensor, { data }] of Object.entries(checkpoint.tensors)) edit(tensor, data as Float32Array);
  if (ours) {
    const file = folder(`${name}.flow.safetensors`);
    await saveCheckpoint(file, checkpoint);
    return { ...model, name: `${model.name}, ${name}`, file: () => file };
  }
  const sidecar = (await readSidecar(model.file()))!;
  const library = sidecar.library as 'chrischute' | 'nflows';
  const file = folder(`${name}.safetensors`);
  const dict = exportStateDict(checkpoint, library, chainOf(checkpoint.config.model));
  await saveStateDict(file, library, dict, checkpoint.standardize);
  writeFileSync(`${file}.flowscope.json`, JSON.stringify(sidecar));
  return { ...model, name: `${model.name}, ${name}`, file: () => file };
}
