/** What was chosen on the preview's page, as a config. */
import path from 'node:path';
import { l10n, Uri } from 'vscode';
import type { TrainingChoice } from '../../protocol/preview-page';
import { writeConfig } from '../configs/write-config';
import { dataName } from '../training/data-choice';
import { configOf } from './chosen-config';

/** Asks where, writes the config and opens it. @param source a built-in name or an absolute path */
export async function saveConfig(source: string, choice: TrainingChoice): Promise<void> {
  const folder = path.isAbsolute(source) ? Uri.file(path.dirname(source)) : undefined;
  const textIn = (chosen: string): string =>
    `${JSON.stringify(configOf(source, choice, chosen), undefined, 2)}\n`;
  await writeConfig(l10n.t('Save as config'), { folder, name: dataName(source) }, textIn);
}
