import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { l10n, type TextEditor, Uri, window } from 'vscode';
import { onDisk } from '../targets/targets';

/**
 * Asks where a new config goes, writes it and opens it. Undefined where the user left.
 * @param name without its extension
 * @param textIn of the config, in the folder that was chosen
 */
export async function writeConfig(
  title: string,
  { folder, name }: { folder: Uri | undefined; name: string },
  textIn: (folder: string) => string,
): Promise<TextEditor | undefined> {
  const target = await window.showSaveDialog({
    title,
    ...(folder ? { defaultUri: Uri.joinPath(folder, `${name}.flow.json`) } : {}),
    // VS Code's own dialog looks at the last extension only, and would add the first one to a name that has it.
    filters: { [l10n.t('Configs')]: ['flow.json', 'json'] },
  });
  if (!target) return undefined;
  const file = onDisk(target);
  await writeFile(file, textIn(path.dirname(file)));
  return window.showTextDocument(target);
}
