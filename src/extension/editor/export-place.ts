import { Uri } from 'vscode';
import { modelName, runNameOf } from '../view-types';

/** Default place of a file that is made of a model: next to the run and named after it, or next to the model. */
export function exportPlace(model: Uri): { folder: Uri; name: string } {
  const run = runNameOf(model);
  return run === undefined
    ? { folder: Uri.joinPath(model, '..'), name: modelName(model) }
    : { folder: Uri.joinPath(model, '../../..'), name: `${run}-${modelName(model)}` };
}

export function exportFile(model: Uri, suffix: string): Uri {
  const { folder, name } = exportPlace(model);
  return Uri.joinPath(folder, `${name}${suffix}`);
}
