/** What was chosen on the preview's page, as a config. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { l10n, Uri, window } from 'vscode';
import { onDisk } from '../commands/targets';
import type { TrainingChoice } from '../../protocol/preview-page';
import { dataName } from '../training/data-choice';
import { configOf } from './chosen-config';

/** Asks where, writes the config and opens it. @param source a built-in name or an absolute path */
export async function saveConfig(source: string, choice: TrainingChoice): Promise<void> {
  const folder = path.isAbsolute(source) ? Uri.file(path.dirname(source)) : undefined;
  const name = `${dataName(source)}.flow.json`;
  const target = await window.showSaveDialog({
    title: l10n.t('Save as config'),
    ...(folder ? { defaultUri: Uri.joinPath(folder, name) } : {}),
    filters: { [l10n.t('Configs')]: ['flow.json'] },
  });
  if (!target) return;
  const file = onDisk(target);
  await writeFile(file, `${JSON.stringify(configOf(source, choice, path.dirname(file)), undefined, 2)}\n`);
  await window.showTextDocument(target);
}
