/** New Run Config…: a config that starts from a preset, with what one changes first written out. */
import { l10n, type QuickPickItem, Selection, window, workspace } from 'vscode';
import { conventionSets } from '../../config/conventions';
import { presets } from '../../config/presets';
import { writeConfig } from '../configs/write-config';
import { section } from '../quick-pick';
import { inWindowLanguage } from '../training/preset-words';
import { uriOf } from '../targets/targets';

interface PresetItem extends QuickPickItem {
  name: string;
}

/** @param target a folder of the Explorer */
export async function newConfig(_: unknown, target?: unknown): Promise<void> {
  const item = ({ name, title, about }: { name: string; title: string; about: string }): PresetItem => ({
    label: title,
    description: name,
    detail: about,
    name,
  });
  const chosen = await window.showQuickPick<PresetItem | QuickPickItem>(
    [
      ...section(l10n.t('Presets'), presets.map(inWindowLanguage).map(item)),
      ...section(
        l10n.t('Kinds of flow and published implementations'),
        conventionSets.map(inWindowLanguage).map(item),
      ),
    ],
    {
      title: l10n.t('New Run Config'),
      placeHolder: l10n.t('Which preset do you want to start from?'),
      matchOnDescription: true,
    },
  );
  if (!chosen || !('name' in chosen)) return;
  const folder = uriOf(target) ?? workspace.workspaceFolders?.[0]?.uri;
  const { name } = chosen;
  const editor = await writeConfig(l10n.t('New Run Config'), { folder, name }, () => configText(name));
  if (!editor) return;
  // Only the presets of built-in data name their data.
  const at = editor.document.getText().indexOf('"source": ""') + '"source": "'.length;
  const place = editor.document.positionAt(at);
  if (at > '"source": "'.length) editor.selection = new Selection(place, place);
}

/** What the preset says of the training is written out; of the flow and the data only what differs is. */
export function configText(name: string): string {
  const preset = presets.find((each) => each.name === name);
  const { steps, batch, learningRate } = preset?.training ?? {};
  const config = {
    preset: name,
    data: { source: preset?.data.source ?? '' },
    training: { steps, batch, learningRate },
  };
  return `${JSON.stringify(preset ? config : { preset: name, data: config.data }, undefined, 2)}\n`;
}
