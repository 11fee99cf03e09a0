import { commands, l10n, window } from 'vscode';
import { viewTypeOf } from '../view-types';
import type { Services } from '../services/services';
import { anyModel, resolveModel } from '../targets/targets';

export async function openInInspector(services: Services, target?: unknown): Promise<void> {
  const uri = await resolveModel(services, target, { ...anyModel, title: l10n.t('Open in Inspector') });
  if (uri) await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
}

/** The command of editor titles, which has an icon. */
export const openModel: typeof openInInspector = (services, target) => openInInspector(services, target);

/** Opens an ONNX file read-only, with a summary of it. */
export async function importOnnx(services: Services, target?: unknown): Promise<void> {
  const wanted = {
    title: l10n.t('Import ONNX'),
    what: l10n.t('an ONNX file'),
    accepts: (uri: { path: string }) => uri.path.endsWith('.onnx'),
  };
  const uri = target
    ? await resolveModel(services, target, wanted)
    : (await window.showOpenDialog({ title: wanted.title, filters: { ONNX: ['onnx'] } }))?.[0];
  if (uri) await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
}
