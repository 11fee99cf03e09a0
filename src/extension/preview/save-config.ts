/** What was chosen on the preview's page, as a config. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { l10n, Uri, window } from 'vscode';
import { onDisk } from '../commands/targets';
import type { TrainRequest } from '../../protocol/engine';
import type { TrainingChoice } from '../../protocol/preview-page';
import { dataName } from '../training/data-choice';

/** As the engine takes it. */
export function withSteps({ steps, ...choice }: TrainingChoice): Omit<TrainRequest, 'output' | 'data'> {
  return { ...choice, ...(steps === undefined ? {} : { training: { steps } }) };
}

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

/** Paths in a config are relative to it. */
export function configOf(
  source: string,
  { preset, steps, context, table }: TrainingChoice,
  folder: string,
): object {
  const { columns, labels, labelColumn } = context ?? {};
  return {
    ...(preset === undefined ? {} : { preset }),
    data: {
      source: path.isAbsolute(source) ? path.relative(folder, source).replaceAll('\\', '/') : source,
      ...table,
      ...(columns ? { contextColumns: columns } : {}),
      ...(labels ? { labelContext: true } : {}),
      ...(labelColumn === undefined ? {} : { labelColumn }),
    },
    ...(steps === undefined ? {} : { training: { steps } }),
  };
}
