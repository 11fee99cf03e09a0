import { commands, l10n, window, Uri } from 'vscode';
import { viewTypeOf, inspectorView } from '../view-types';
import type { Services } from '../services/services';
import { anyModel, resolveModel, activeFile, uriOf } from '../targets/targets';

export async function openInInspector(services: Services, target?: unknown): Promise<void> {
  const uri = await resolveModel(services, target, { ...anyModel, title: l10n.t('Open in Inspector') });
  if (uri) await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
}

/** The command of editor titles, which has an icon. */
export const openModel: typeof openInInspector = (services, target) => openInInspector(services, target);

/** Opens an ONNX file read-only, with a summary of it. */
export async function importOnnx(services: Services, target?: unknown): Promise<void> {
  const choice = {
    title: l10n.t('Import ONNX'),
    what: l10n.t('an ONNX file'),
    accepts: (uri: { path: string }) => uri.path.endsWith('.onnx'),
  };
  const uri = target
    ? await resolveModel(services, target, choice)
    : (await window.showOpenDialog({ title: choice.title, filters: { ONNX: ['onnx'] } }))?.[0];
  if (uri) await commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
}

/** Ends the engine of a file, which may run forever; its page can open it again. */
export function stopModel({ inspection }: Services, target?: unknown): void {
  const file = uriOf(target) ?? activeFile();
  if (file && inspection.stop(file)) return;
  void window.showInformationMessage(l10n.t('No model and no data file is being read here.'));
}

const samples = { moons: 'moons.flow.safetensors', digits: 'digits.flow.safetensors' };
type Sample = keyof typeof samples;

const isSample = (name: unknown): name is Sample => typeof name === 'string' && Object.hasOwn(samples, name);

/** @param sample the name of a sample, from a link; otherwise the user chooses */
export async function openSample(services: Services, sample?: unknown): Promise<void> {
  const name = isSample(sample) ? sample : await choose();
  if (!name) return;
  const uri = Uri.joinPath(services.context.extensionUri, 'media', 'samples', samples[name]);
  await commands.executeCommand('vscode.openWith', uri, inspectorView);
}

async function choose(): Promise<Sample | undefined> {
  const items: { name: Sample; label: string; detail: string }[] = [
    {
      name: 'moons',
      label: l10n.t('Two moons'),
      detail: l10n.t('Points in the plane: see each layer bend it until the moons are a round cloud.'),
    },
    {
      name: 'digits',
      label: l10n.t('Handwritten digits'),
      detail: l10n.t('Images of 8×8 pixels: draw samples, change latents, see masks and scales.'),
    },
  ];
  const choice = await window.showQuickPick(items, { title: l10n.t('Open sample flow') });
  return choice?.name;
}
