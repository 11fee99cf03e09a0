import type { Uri } from 'vscode';

/** Our own checkpoints, which open in the inspector by themselves. */
export const inspectorView = 'flowscope.inspector';
/** Any other model file: the user asks for the inspector. */
export const modelView = 'flowscope.model';

/** As the manifest's selectors and menus name them. */
export const modelExtensions = [
  ...['safetensors', 'onnx', 'pt', 'pth', 'ckpt', 'pt2', 'distcp', 'pt.tar', 'pth.tar'],
  ...['keras', 'h5', 'hdf5', 'eqx', 'npz', 'pkl', 'pickle'],
] as const;

/** What file dialogs filter by: they know the last extension only. */
export const dialogExtensions = [...new Set(modelExtensions.map((name) => name.split('.').at(-1)!))];

/** What is looked for among the files of a workspace. There an `.npz` is nearly always a data set, and a `.distcp` one part of many. */
export const modelGlob = `**/*.{${modelExtensions.filter((name) => name !== 'npz' && name !== 'distcp').join(',')}}`;

export function viewTypeOf(uri: Uri): string {
  return isFlowscopeFile(uri) ? inspectorView : modelView;
}

export function isModelFile(uri: { path: string }): boolean {
  const name = uri.path.toLowerCase();
  return modelExtensions.some((extension) => name.endsWith(`.${extension}`));
}

/** Named like a Flowscope checkpoint or recording, which contains everything, so there is nothing to ask. */
export function isFlowscopeFile(uri: { path: string }): boolean {
  return /\.flow(rec)?\.safetensors$/.test(uri.path);
}

/** What a training resumes from, besides its checkpoints; nothing opens it. */
export function isTrainingState(uri: { path: string }): boolean {
  return uri.path.endsWith('.resume.safetensors');
}

/** A file with weights; ONNX files hold a graph. */
export function isCheckpointFile(uri: { path: string }): boolean {
  return isModelFile(uri) && !uri.path.toLowerCase().endsWith('.onnx');
}

/** Name of the run folder that a checkpoint is in, from its path. */
export function runNameOf(uri: { path: string }): string | undefined {
  const [run, folder] = uri.path.split('/').slice(-3);
  return isFlowscopeFile(uri) && folder === 'checkpoints' ? run : undefined;
}

/** "best.flow.safetensors" → "best"; "flow.pth.tar", "flow.weights.h5" → "flow". */
export function modelName(uri: { path: string }): string {
  const name = uri.path.split('/').at(-1) ?? '';
  return name.replace(
    /(\.flow(rec)?)?\.(safetensors|onnx|ckpt|(pt|pth)(\.tar)?|pt2|keras|(weights\.)?h5|hdf5|eqx|npz|(pzflow\.)?pkl|pickle)$/i,
    '',
  );
}
