import { Uri } from 'vscode';
import { modelName, runNameOf } from '../view-types';

/** Where a file that is made of a model goes unless the user says otherwise: beside the run and named after it, or beside the model. */
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
