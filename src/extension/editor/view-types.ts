import path from 'node:path';
import type { Uri } from 'vscode';

/** Our own checkpoints, which open in the inspector by themselves. */
export const inspectorView = 'flowscope.inspector';
/** Any other model file: the user asks for the inspector. */
export const modelView = 'flowscope.model';

export function viewTypeOf(uri: Uri): string {
  return uri.path.endsWith('.flow.safetensors') ? inspectorView : modelView;
}

export function isModelFile(uri: Uri): boolean {
  return ['.safetensors', '.onnx'].includes(path.posix.extname(uri.path));
}
