/** Open Sample Flow: a trained flow that comes with the extension, so that there is something to look at before any training. */
import { commands, l10n, Uri, window } from 'vscode';
import { inspectorView } from '../view-types';
import type { Services } from '../services/services';

const samples = { moons: 'moons.flow.safetensors', digits: 'digits.flow.safetensors' };
type Sample = keyof typeof samples;

const isSample = (name: unknown): name is Sample => typeof name === 'string' && Object.hasOwn(samples, name);

/** @param given the name of a sample, from a link; otherwise the user chooses */
export async function openSample(services: Services, given?: unknown): Promise<void> {
  const name = isSample(given) ? given : await choose();
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
